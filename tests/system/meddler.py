"""Stands between the bot and cloudtak-sim: keeps what the bot says, and changes what it is told. One for AWS, one for Slack."""
import http.client
import http.server
import json
import socket
import struct
import threading
import urllib.parse

TEXT = 1  # a WebSocket opcode


class Meddler(http.server.ThreadingHTTPServer):
    """change(name, status, body, headers) -> (status, body): name is the action or method, body bytes. frame(object) -> object: what comes by
    WebSocket. ask(headers, command, path, body): changes the request's headers before they are passed on."""
    daemon_threads = True

    def __init__(self, upstream, change=None, frame=None, ask=None, tls=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = urllib.parse.urlsplit(upstream)
        self.change, self.frame, self.ask = change, frame, ask
        self.requests = []  # (name, headers, body) as the bot sent them
        self.frames = []  # what the bot sent by WebSocket, raw
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server_port}{self.upstream.path}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, client_address):
        """A connection that the bot ended is no news."""

    def said(self, *names):
        """The bodies of these requests, as objects."""
        return [json.loads(body) for name, _, body in list(self.requests) if name in names and body.startswith(b"{")]

    def close(self):
        self.shutdown()
        self.server_close()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self.tunnel()
        else:
            self.pass_on()

    def do_POST(self):
        self.pass_on()

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = self.headers.get("X-Amz-Target")
        name = target.split(".")[-1] if target else self.path.split("?")[0].split("/")[-1] or "GetCallerIdentity"
        self.server.requests.append((name, dict(self.headers), body))
        headers = dict(self.headers)
        if self.server.ask:
            self.server.ask(headers, self.command, self.path, body)
        up = http.client.HTTPConnection(self.server.upstream.hostname, self.server.upstream.port, timeout=30)
        try:
            up.request(self.command, self.path, body, headers)
            answer = up.getresponse()
            status, data = answer.status, answer.read()
        except OSError:  # an answer that is lost on purpose
            self.close_connection = True
            return
        finally:
            up.close()
        if self.server.change:
            status, data = self.server.change(name, status, data, dict(answer.headers))
        self.send_response(status)
        for key in "Content-Type", "Retry-After", "x-amzn-requestid":
            if answer.headers.get(key):
                self.send_header(key, answer.headers[key])
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    # ---- WebSocket: what the bot sends goes on as it is; what it gets is read frame by frame

    def tunnel(self):
        self.close_connection = True
        up = socket.create_connection((self.server.upstream.hostname, self.server.upstream.port))
        head = f"{self.command} {self.path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in self.headers.items()) + "\r\n"
        up.sendall(head.encode())
        threading.Thread(target=self.from_bot, args=(up,), daemon=True).start()
        down = up.makefile("rb")
        try:
            while True:
                line = down.readline()
                self.wfile.write(line)
                if line in (b"\r\n", b""):
                    break
            while self.one_frame(down):
                pass
        except OSError:
            pass
        finally:
            for end in self.connection, up:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def from_bot(self, up):
        try:
            while True:
                data = self.rfile.read1(65536)
                if not data:
                    break
                self.server.frames.append(data)
                up.sendall(data)
        except (OSError, ValueError):
            pass

    def one_frame(self, down):
        head = down.read(2)
        if len(head) < 2:
            return False
        length = head[1] & 127
        extended = down.read({126: 2, 127: 8}.get(length, 0))
        if extended:
            length = int.from_bytes(extended, "big")
        data = down.read(length)
        if head[0] == 0x80 | TEXT and self.server.frame:
            data = self.server.frame(data)
            extended = struct.pack("!H", len(data)) if len(data) < 65536 else struct.pack("!Q", len(data))
            size = bytes([126 if len(data) < 65536 else 127]) + extended
            self.wfile.write(head[:1] + (size if len(data) > 125 else bytes([len(data)])) + data)
        else:
            self.wfile.write(head + extended + data)
        self.wfile.flush()
        return True


def slack_meddler(sim, change=None, frame=None, ask=None, **more):
    """One for Slack: the address of the next connection leads through it as well."""
    port = urllib.parse.urlsplit(sim.ready["slack_api"]).port  # the bot is told another one, later

    def changed(name, status, body, headers):
        if name == "apps.connections.open" and b'"url"' in body:
            answer = json.loads(body)
            answer["url"] = answer["url"].replace(f":{port}/", f":{m.server_port}/")
            body = json.dumps(answer).encode()
        return change(name, status, body, headers) if change else (status, body)
    m = Meddler(sim.ready["slack_api"], changed, frame, ask, **more)
    return m
