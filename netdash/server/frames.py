"""Checks of websocket frames, before jupyter_server parses them.

A binary frame begins with a table: how many parts the message has, and where each of them begins. jupyter_server
trusts that table. A short frame that claims very many parts would stop its event loop, so netdash checks it first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic

V1 = "v1.kernel.websocket.jupyter.org"
"""Name of Jupyter's newer protocol, which every browser asks for; without it jupyter_server uses the old one."""
MOST_PARTS = 64
"""Most numbers in a frame's table. A message has six parts and one for each buffer; the board sends one buffer."""
LEAST_PARTS_V1 = 6
"""Fewest numbers in the table of a v1 frame: channel, header, parent header, metadata, content, end."""
LARGEST_MESSAGE = 6_000_000
"""Most bytes of a message. The largest message is a file, of which the page sends up to 5 MB."""
BURST_BYTES = 12_000_000
"""Bytes that the pages of one session may send at once: two files and some hundred messages."""
BYTES_PER_SECOND = 2_000_000
"""Bytes per second that they may send for long."""
MESSAGE_BYTES = 4_000
"""Bytes that each message counts in addition to its own."""
NOT_ACCEPTED = 1003
"""Close code of RFC 6455 for data that cannot be accepted."""


@dataclass(frozen=True)
class Layout:
    """How a protocol writes the table of a frame."""

    width: int
    byteorder: str
    fewest: int


OLD_LAYOUT = Layout(width=4, byteorder="big", fewest=1)
V1_LAYOUT = Layout(width=8, byteorder="little", fewest=LEAST_PARTS_V1)


@dataclass
class Allowance:
    """The bytes that one session may still send. Messages that its kernel has not read wait in the server's memory."""

    left: float = BURST_BYTES
    at: float = field(default_factory=monotonic)

    def take(self, size: int) -> bool:
        """Count a message of `size` bytes; return whether it may be sent."""
        now = monotonic()
        self.left, self.at = min(BURST_BYTES, self.left + (now - self.at) * BYTES_PER_SECOND), now
        if self.left < size + MESSAGE_BYTES:
            return False
        self.left -= size + MESSAGE_BYTES
        return True


def fault_of(frame: str | bytes, protocol: str | None) -> str:
    """Return why a frame is refused, without quoting it; empty when its table is consistent.

    Parameters
    ----------
    frame
        The frame as tornado received it from the page.
    protocol
        Name of the protocol agreed with the page; None for Jupyter's old one.
    """
    if isinstance(frame, str):
        return "text, expected a binary frame" if protocol == V1 else ""
    return _fault_of_table(frame, V1_LAYOUT if protocol == V1 else OLD_LAYOUT)


def _fault_of_table(frame: bytes, layout: Layout) -> str:
    """Return what is wrong with the table at the beginning of a binary frame."""
    width, order = layout.width, layout.byteorder
    if len(frame) < width:
        return "too short for a table"
    count = int.from_bytes(frame[:width], order)  # type: ignore[arg-type]
    if not layout.fewest <= count <= MOST_PARTS:
        return f"a table of less than {layout.fewest} or more than {MOST_PARTS} numbers"
    table = width * (count + 1)
    if len(frame) < table:
        return "too short for its table"
    offsets = [int.from_bytes(frame[at : at + width], order) for at in range(width, table, width)]  # type: ignore[arg-type]
    if offsets[0] != table or offsets != sorted(offsets) or offsets[-1] > len(frame):
        return "a table whose numbers do not rise from its own end to at most the end of the frame"
    return ""
