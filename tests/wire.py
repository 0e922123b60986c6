"""A page without a browser: it speaks Jupyter's protocol with the kernel of a session."""

import http.client
import json
import queue
import re
import socket
import threading
import time
import urllib.request
import uuid
from dataclasses import dataclass
from types import SimpleNamespace
from urllib.parse import urlsplit

import websocket

V1 = "v1.kernel.websocket.jupyter.org"


def free_ports(n):
    """Return ports of this machine that nothing listens on."""
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports


def ask(server, path="/", method="GET", body=None, **headers):
    """Send a request just as it is written, dots and all."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=600)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    answer = SimpleNamespace(status=response.status, headers=response.headers, text=response.read().decode())
    connection.close()
    return answer


def raw(server, path, **headers):
    """Return status, headers and body of an answer just as they were sent."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=600)
    connection.request("GET", path, None, headers)
    response = connection.getresponse()
    answer = SimpleNamespace(status=response.status, headers=response.headers, body=response.read())
    connection.close()
    return answer


def kernel_of(page):
    """Return the identifier of the kernel that is written into a page."""
    return json.loads(re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page)[1])["kernelId"]


def cookies_of(answer):
    """Return what a browser sends back of the cookies of an answer."""
    return "; ".join(given.partition(";")[0] for given in answer.headers.get_all("Set-Cookie") or [])


@dataclass(frozen=True)
class Page:
    """A page that was fetched and has not connected yet: the identifier of its kernel and the cookies it came with."""

    server: object
    kernel_id: str
    cookies: str

    def ask(self, method="GET", path="api/kernels/{}", **headers):
        """Ask the server about the kernel, with the cookies."""
        return ask(self.server, f"/{path.format(self.kernel_id)}", method, Cookie=self.cookies, **headers)

    def say_goodbye(self):
        return self.ask("POST", "voila/api/shutdown/{}")

    def connect(self, **options):
        return line_to(self.server, self.kernel_id, **{"cookie": self.cookies, **options})


def open_page(server, query="", path="/", **headers):
    """Fetch the page without a browser."""
    answer = ask(server, f"{path}?{query}", **headers)
    given = "; ".join(filter(None, [headers.get("Cookie", ""), cookies_of(answer)]))
    return Page(server, kernel_of(answer.text), given)


def line_to(server, kernel_id, **options):
    """Open a websocket to a kernel."""
    address = f"ws://{urlsplit(server.url).netloc}/api/kernels/{kernel_id}/channels?session_id={uuid.uuid4()}"
    return websocket.create_connection(address, **{"timeout": 600, **options})


def message(kind, channel="shell", **content):
    """Return a message as the text that a page sends."""
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": kind,
        "session": "s",
        "username": "",
        "date": "",
        "version": "5.3",
    }
    metadata = {"version": "1.0.0"}  # of the protocol in which widgets are asked for
    return json.dumps(
        {"header": header, "parent_header": {}, "metadata": metadata, "content": content, "channel": channel}
    )


class Wire:
    """A session and the line to its kernel.

    Attributes
    ----------
    kernel_id : str
        Identifier of the kernel.
    models : dict of str to dict
        State of every widget by its identifier, as the kernel gave it at the beginning.
    line : str
        Identifier of the widget through which a board speaks.
    sliders : dict of str to str
        Identifier of each control by its name.
    """

    def __init__(self, server, query="", timeout=600):
        self.meet(server, query, timeout)
        self.models = self.states()
        (frame,) = (state for state in self.models.values() if "controls" in state)
        self.channel = frame["channel"].removeprefix("anywidget:")
        self.controls = {name: of.removeprefix("anywidget:") for name, (of, _) in frame["controls"].items()}
        self.custom({"type": "address", "query": query})

    def meet(self, server, query="", timeout=600):
        """Open the page and a line to its kernel, whatever the notebook."""
        self.base = server.url
        with urllib.request.urlopen(f"{self.base}?{query}", timeout=600) as answer:
            page, self.cookies = answer.read().decode(), cookies_of(answer)
        self.kernel_id = kernel_of(page)
        # Whether text is UTF-8 is seen when it is decoded; to look at each byte before is slow.
        self.socket = line_to(server, self.kernel_id, timeout=timeout, skip_utf8_validation=True, cookie=self.cookies)
        self.socket.settimeout(None)
        self._received = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def send(self, kind, channel="shell", **content):
        self.socket.send(message(kind, channel, **content))

    def custom(self, content, comm_id=None):
        self.send("comm_msg", comm_id=comm_id or self.channel, data={"method": "custom", "content": content})

    def update(self, comm_id, **state):
        self.send("comm_msg", comm_id=comm_id, data={"method": "update", "state": state, "buffer_paths": []})

    def upload(self, description, content, **changed):
        """Send a file through the button of that name, as a browser does."""
        named = [name for name, model in self.models.items() if model.get("_model_name") == "FileUploadModel"]
        (comm_id,) = (name for name in named if self.models[name]["description"] == description)
        file = {"name": "x.csv", "type": "text/csv", "size": len(content), "last_modified": 0} | changed
        data = {"method": "update", "state": {"value": [file]}, "buffer_paths": [["value", 0, "content"]]}
        self.socket.send_binary(packed(message("comm_msg", comm_id=comm_id, data=data), content))

    def _listen(self):
        """Take what comes, as a browser does, which also answers the server's questions whether it is still there."""
        try:
            while received := self.socket.recv():
                self._received.put(received if isinstance(received, str) else unpack(received))
        except (OSError, websocket.WebSocketException):
            pass
        self._received.put(None)

    def receive(self, wanted, seconds=600):
        """Return what `wanted` makes of the first message for which it returns anything."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self._received.get(timeout=max(end - time.monotonic(), 0.01))
            if text is None:
                raise ConnectionError("the line was cut")
            assert "Traceback" not in text, text[:2000]
            found = wanted(json.loads(text))
            if found is not None:
                return found
        raise TimeoutError(f"no answer within {seconds} seconds")

    def states(self):
        """Return the state of every widget by its identifier, as the kernel has it now."""
        comm = uuid.uuid4().hex
        self.send("comm_open", comm_id=comm, target_name="jupyter.widget.control", data={})
        self.send("comm_msg", comm_id=comm, data={"method": "request_states"})

        def states(got):
            data = got["content"].get("data", {})
            if got["msg_type"] == "comm_msg" and data.get("method") == "update_states":
                return {name: model["state"] for name, model in data["states"].items()}
            return None

        return self.receive(states)

    def content(self):
        """Return what the board shows now."""
        self.custom({"type": "sync", "revision": -1})

        def shown(got):
            if got["msg_type"] != "comm_msg" or got["content"]["comm_id"] != self.channel:
                return None
            return got["content"]["data"].get("state", {}).get("content")

        latest = self.receive(shown)
        comm = uuid.uuid4().hex  # refused by name, which tells that all before it was done
        self.send("comm_open", comm_id=comm, target_name="none", data={})

        def last(got):
            nonlocal latest
            latest = shown(got) or latest
            return latest if got["msg_type"] == "comm_close" and got["content"]["comm_id"] == comm else None

        return self.receive(last)

    def close(self):
        self.socket.close()
        address, headers = f"{self.base}voila/api/shutdown/{self.kernel_id}", {"Cookie": self.cookies}
        request = urllib.request.Request(address, method="POST", headers=headers)
        urllib.request.urlopen(request, timeout=600).close()


def pack_v1(text, channel="shell"):
    """Return a message as the newer binary protocol of Jupyter writes it."""
    whole = json.loads(text)
    parts = [channel.encode()]
    parts += [json.dumps(whole[part]).encode() for part in ("header", "parent_header", "metadata", "content")]
    offsets = [8 * (len(parts) + 2)]
    for part in parts:
        offsets.append(offsets[-1] + len(part))
    return b"".join([n.to_bytes(8, "little") for n in (len(offsets), *offsets)] + parts)


def packed(text, buffer):
    """Return a message with one buffer as the server takes it."""
    start = 3 * 4
    first = start + len(text.encode())
    return b"".join(n.to_bytes(4, "big") for n in (2, start, first)) + text.encode() + buffer


def unpack(received):
    """Return the JSON of a message with buffers, without them."""
    n = int.from_bytes(received[:4], "big")
    ends = [int.from_bytes(received[4 * i : 4 * i + 4], "big") for i in range(1, n + 1)]
    return received[ends[0] : ends[1] if n > 1 else None].decode()
