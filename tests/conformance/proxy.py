"""A recording proxy on loopback: hands each request on as it came, byte for byte, and keeps it with its answer."""
import base64
import http.client
import http.server
import json
import threading
import urllib.parse

NOT_HANDED_ON = ("connection", "transfer-encoding", "keep-alive")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        proxy = self.server.proxy
        up = http.client.HTTPConnection(proxy.host, proxy.port, timeout=60)
        try:
            up.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in NOT_HANDED_ON:
                    up.putheader(name, value)
            up.endheaders(body)
            response = up.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException):
            # Executed or not, the answer never came: our client is to see the same.
            proxy.keep(self, body, None, [], b"")
            self.close_connection = True
            return
        finally:
            up.close()
        proxy.keep(self, body, response.status, response.getheaders(), text)
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in NOT_HANDED_ON + ("content-length",):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """A client that goes away in the middle is no fault here."""


class Proxy:
    """self.kept: one dictionary for each exchange, in the order of the answers."""

    def __init__(self, target):
        parts = urllib.parse.urlsplit(target)
        self.host, self.port = parts.hostname, parts.port
        self.kept = []
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.proxy = self
        self.url = target.replace(parts.netloc, "127.0.0.1:%d" % self.server.server_port)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def keep(self, request, body, status, headers, answer):
        self.kept.append({
            "method": request.command, "path": request.path, "headers": request.headers.items(),
            "body": base64.b64encode(body).decode(),
            "status": status, "answer_headers": headers, "answer": base64.b64encode(answer).decode()})

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def body_of(exchange):
    return base64.b64decode(exchange["body"])


def answer_of(exchange):
    return base64.b64decode(exchange["answer"])


def header(exchange, name, of="headers"):
    for key, value in exchange[of]:
        if key.lower() == name.lower():
            return value
    return None


def load(path):
    """The sessions of a recording: {"session", "aws": [exchange], "slack": [exchange], "acks": [payload]}."""
    with open(path, encoding="utf-8") as f:
        return [json.loads(line) for line in f]
