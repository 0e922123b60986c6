"""A network between a browser and a server on this machine, which can be hurt: a TCP proxy on loopback."""

import contextlib
import socket
import struct
import threading
from urllib.parse import urlsplit

RESET = struct.pack("ii", 1, 0)  # closing sends RST, not FIN


def _reset(end):
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    end.close()


class _Connection:
    """One connection of the browser and the one to the server that it is passed on to."""

    def __init__(self, network, near, far):
        self.network, self.lost, self.ends, self.near = network, False, (near, far), near
        for source, target in ((near, far), (far, near)):
            threading.Thread(target=self._pump, args=(source, target), daemon=True).start()

    def _pump(self, source, target):
        """Pass on what comes, and the end of it, as the network is at that time."""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if source is self.near:
                    self.network.sent += data
                self.network.flows.wait()
                if not self.lost:
                    target.sendall(data)
        self.network.flows.wait()
        if not self.lost:
            for end in self.ends:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def reset(self):
        for end in self.ends:
            _reset(end)


class Network:
    """Looks like the server that it leads to.

    Attributes
    ----------
    url : str
        The server's address through this network.
    sent : bytearray
        All that browsers have sent. Requests can be read in it; what goes through a websocket is masked.
    """

    def __init__(self, server):
        self.sent = bytearray()
        self.lead_to(server)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = server.url.replace(urlsplit(server.url).netloc, f"127.0.0.1:{self._door.getsockname()[1]}")
        self.flows = threading.Event()
        self.flows.set()
        self._refusing, self._connections = False, []
        threading.Thread(target=self._accept, daemon=True).start()

    def __getattr__(self, name):
        return getattr(self.server, name)

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._door.accept()
                threading.Thread(target=self._connect, args=(near,), daemon=True).start()

    def _connect(self, near):
        self.flows.wait()
        if self._refusing:
            _reset(near)
            return
        where = urlsplit(self.server.url)
        try:
            far = socket.create_connection((where.hostname, where.port))
        except OSError:  # nobody is there
            _reset(near)
            return
        self._connections.append(_Connection(self, near, far))

    def lead_to(self, server):
        """Lead new connections to this server."""
        self.server = server

    # How it is hurt.

    def hold(self):
        """Swallow nothing, pass on nothing, close nothing: as a radio out of reach, until `release`."""
        self.flows.clear()

    def release(self):
        """Pass on again, first what was held."""
        self.flows.set()

    def reset(self):
        """Reset every connection; new ones can be made."""
        connections, self._connections = self._connections, []
        for one in connections:
            one.reset()

    def refuse(self):
        """Reset every connection, and each new one, until `accept`."""
        self._refusing = True
        self.reset()

    def accept(self):
        """Take new connections again."""
        self._refusing = False

    def forget(self):
        """Drop all that is sent on present connections, for ever; new ones work: as a VPN that has dialed anew."""
        for one in self._connections:
            one.lost = True

    def close(self):
        self.flows.set()
        self._door.close()
        self.reset()
