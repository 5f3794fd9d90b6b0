"""A simulator whose answers are spoilt on purpose: a proxy on loopback that puts other bytes of the same length into what comes back, HTTP and WebSocket frames alike. A
judge that does not see it judges nothing."""
import socket
import threading
import urllib.parse


class Spoilt:
    """In front of `target`, an http:// URL. `changes`: (old, new) texts."""

    def __init__(self, target, changes):
        parts = urllib.parse.urlsplit(target)
        self.behind = (parts.hostname, parts.port)
        self.listener = socket.create_server(("127.0.0.1", 0))
        port = self.listener.getsockname()[1]
        self.url = target.replace(parts.netloc, f"127.0.0.1:{port}")
        self.changes = [(old.encode(), new.encode()) for old, new in [*changes, (f"ws://127.0.0.1:{parts.port}/", f"ws://127.0.0.1:{port}/")]]
        if any(len(old) != len(new) for old, new in self.changes):
            raise ValueError(f"frames and Content-Length tell lengths: {self.changes}")
        self.hits = [0] * len(self.changes)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
                behind = socket.create_connection(self.behind)
            except OSError:
                return
            for source, to, change in ((peer, behind, False), (behind, peer, True)):
                threading.Thread(target=self._hand_on, args=(source, to, change), daemon=True).start()

    def _hand_on(self, source, to, change):
        try:
            while data := source.recv(1 << 20):
                for at, (old, new) in enumerate(self.changes if change else ()):
                    self.hits[at] += data.count(old)
                    data = data.replace(old, new)
                to.sendall(data)
            to.shutdown(socket.SHUT_WR)
        except OSError:
            for one in (source, to):
                one.close()

    def unused(self):
        """Changes that never fitted: the test of the judge is out of date."""
        return [old.decode() for (old, _), hits in zip(self.changes[:-1], self.hits) if not hits]

    def close(self):
        self.listener.close()


def must_find(findings, cases, run):
    """run(changes, found) fills `found`, Findings of its own; each case is (changes, what must be found)."""
    import peers
    for changes, wanted in cases:
        found = peers.Findings()
        try:
            unused = run(changes, found)
        except AssertionError as trouble:  # what never came is told so
            found.add(str(trouble))
            unused = []
        told = "\n".join(found.counts)
        findings.expect(wanted in told, f"spoilt by {changes}, and not found: {wanted!r}; found is {told[:600]!r}")
        findings.expect(not unused, f"never answered, so never spoilt: {unused}")
