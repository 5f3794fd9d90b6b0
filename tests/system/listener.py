#!/usr/bin/env python3
"""The bot's own listener under attack while a restart runs: never a 101, /healthz stays quick, the restart ends right. And what keeps it from starting.

listener.py BUILD                  listener.py --descriptors BUILD: with few of them
listener.py --quick RELEASE        how quick /healthz is in floods, in the build that is installed
"""
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import threading
import time

from harness import Bot, Sim, Trouble, get, wait_until

QUICK_MS = 100
HALF_HEADERS = 1000
IDLE = 200
FLOOD_SECONDS = 8


def must(condition, what):
    if not condition:
        raise Trouble(what)


def say(port, data, seconds=5, pause=0.0):
    """What comes back until the peer closes or is silent for seconds; the bytes one by one when pause is given."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as s:
        try:
            if pause:
                for byte in data:
                    s.sendall(bytes([byte]))
                    time.sleep(pause)
            else:
                s.sendall(data)
            while True:
                more = s.recv(65536)
                if not more:
                    break
                got += more
        except (TimeoutError, ConnectionError):
            pass
    return got


def status(answer):
    match = re.match(rb"HTTP/1\.1 ([0-9]{3}) ", answer)
    return int(match.group(1)) if match else None


class Pulse:
    """A supervisor, in a process of its own: /healthz on a new connection each time, until close. One that was put out by a flood asks once more."""

    def __init__(self, url):
        self.process = subprocess.Popen([sys.executable, os.path.abspath(__file__), "--pulse", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        must(self.process.stdout.readline() == "begun\n", "the supervisor does not begin")

    def close(self):
        """How long each took in ms, faults, and how often it was put out."""
        told = json.loads(self.process.communicate(timeout=20)[0])
        return told["took"], told["faults"], told["again"]


def ask_twice(url):
    """Again (0 or 1), and what is wrong with the answer."""
    for again in (0, 1):
        try:
            code, _, text = get(url, "/healthz", seconds=5)
            return again, None if (code, text) == (200, "ok\n") else f"{code} {text}"
        except OSError as error:
            trouble = repr(error)
    return 1, trouble


def pulse(url):
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    took, faults, again = [], [], 0
    print("begun", flush=True)
    while not over.is_set():
        begun = time.monotonic()
        more, fault = ask_twice(url)
        again += more
        took.append((time.monotonic() - begun) * 1000)
        faults += [fault] if fault else []
        time.sleep(0.02)
    print(json.dumps({"took": took, "faults": faults, "again": again}))


# ---- one attack each; told: what was seen

def upgrades(port):
    """h2c, WebSocket and HTTP/2 by prior knowledge: no protocol but HTTP/1.1."""
    head = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    tries = {
        "h2c": head + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
        "websocket": head + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "websocket with protocol": head + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                                          b"Sec-WebSocket-Protocol: http\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        "PRI": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00",
        "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    }
    for name, data in tries.items():
        answer = say(port, data, 2)
        must(b" 101 " not in answer[:20] and not answer.startswith(b"\x00\x00"), f"{name} is taken: {answer[:80]}")
    return "no upgrade taken"


def methods(url, port):
    for path in ("/healthz", "/readyz", "/metrics"):
        code, headers, body = get(url, path, "HEAD")
        must(code == 200 and body == "" and int(headers["content-length"]) > 0, f"HEAD {path}: {code} {headers}")
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        code, headers, _ = get(url, "/healthz", method)
        must((code == 405 and headers["allow"] == "GET, HEAD") or code == 411, f"{method}: {code} {headers}")
    for path, wanted in (("/", 404), ("/healthz/", 404), ("/HEALTHZ", 404), ("/healthz?a=b", 200), ("//healthz", None), ("/../healthz", None)):
        code, _, _ = get(url, path)
        must(code == wanted or (wanted is None and code in (200, 400, 403, 404)), f"{path}: {code}")
    for line in (b"BREW /healthz HTTP/1.1", b"GET", b"\x00\x01\x02", b"OPTIONS * HTTP/1.1", b"CONNECT a:1 HTTP/1.1"):
        code = status(say(port, line + b"\r\nHost: 127.0.0.1\r\n\r\n", 2))
        must(code is None or 400 <= code < 600, f"{line}: {code}")
    return "only GET and HEAD of three paths"


def hosts(url, port):
    for host in ("evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "localhost@evil.example", "evil.example#127.0.0.1",
                 "evil.example/127.0.0.1", "169.254.169.254", "0.0.0.0", "[::]"):
        code, _, text = get(url, "/metrics", host=host)
        must(400 <= code < 500 and "cloudtak_" not in text, f"Host {host}: {code}")
    for host in ("localhost", "localhost:1", "127.0.0.1", f"127.0.0.1:{port}", "[::1]:8421"):
        code, _, _ = get(url, "/healthz", host=host)
        must(code == 200, f"Host {host}: {code}")
    for head in (b"", b"Host: evil.example\r\nHost: 127.0.0.1\r\n", b"Host: 127.0.0.1\r\nHost: evil.example\r\n"):
        answer = say(port, b"GET /metrics HTTP/1.1\r\n" + head + b"\r\n", 2)
        must(status(answer) != 200 and b"cloudtak_" not in answer, f"{head}: {answer[:80]}")
    return "only by a loopback name"


def huge_post(port):
    """20 MiB: refused by its length alone. What the kernels take on the way is no reading of ours, so buffers are kept small."""
    whole, chunk, given, answer = 20 * 1024 * 1024, bytes(65536), 0, b""
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        s.settimeout(5)
        s.connect(("127.0.0.1", port))
        s.sendall(b"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % whole)
        try:
            while given < whole:
                given += s.send(chunk)
        except (TimeoutError, ConnectionError):
            pass
        try:
            while more := s.recv(65536):
                answer += more
        except (TimeoutError, ConnectionError):
            pass
    must(status(answer) == 413, f"20 MiB of body: {answer[:80]}")
    must(given < 2 * 1024 * 1024, f"{given} bytes of 20 MiB were taken before the end")
    return f"20 MiB refused, {given // 1024} KiB had left"


def too_much(port):
    answer = say(port, b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: " + b"a" * 40000 + b"\r\n\r\n", 3)
    must(status(answer) != 200, f"40,000 bytes of header: {answer[:80]}")
    answer = say(port, b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 3)
    must(status(answer) not in (200, 101), f"40,000 bytes of path: {answer[:80]}")
    answer = say(port, b"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 65537\r\n\r\n" + b"b" * 65537, 3)
    must(status(answer) == 413, f"64 KiB and one of body: {answer[:80]}")
    for length in (b"-1", b"1e9", b"99999999999999999999", b"0x10"):
        answer = say(port, b"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: " + length + b"\r\n\r\n", 3)
        must(status(answer) in (400, 413, None), f"length {length}: {answer[:80]}")
    answer = say(port, b"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 3)
    must(status(answer) == 411, f"chunked: {answer[:80]}")
    return "headers and bodies bounded"


def pipeline(port):
    """Three requests in one packet: each answered in turn, or the connection ends; nothing is mixed up."""
    one = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    two = b"GET /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    answer = say(port, one + two + one, 3)
    codes = [int(c) for c in re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", answer)]
    must(codes and codes == [200, 404, 200][:len(codes)], f"pipelined: {codes}")
    # a body that looks like a request is a body
    inner = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    answer = say(port, b"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner, 3)
    must(b"cloudtak_" not in answer, f"a body was taken for a request: {answer[:200]}")
    return f"{len(codes)} of 3 pipelined requests answered, in order"


def half_headers(port, per_second=None):
    kept, begun = [], time.monotonic()
    for n in range(HALF_HEADERS):
        if per_second:
            time.sleep(max(0, begun + n / per_second - time.monotonic()))
        s = socket.create_connection(("127.0.0.1", port), timeout=5)
        s.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.")
        kept.append(s)
        if len(kept) > 300:
            kept.pop(0).close()
    for s in kept:
        s.close()
    return f"{HALF_HEADERS} half headers"


def idle(port):
    held = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(IDLE)]
    wait_until("all but 64 are put out", lambda: sum(closed(s) for s in held) >= IDLE - 64, 20)
    for s in held:
        s.close()
    return f"{IDLE} idle connections, at most 64 stay"


def closed(s):
    s.setblocking(False)
    try:
        return s.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def byte_by_byte(port, head=b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n", slow=b"X-Slow: yes, very\r\n\r\n"):
    """One byte a second behind the head: cut off when the ten seconds that a request may take are over, and not before."""
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
        s.sendall(head)
        for n, byte in enumerate(slow):
            while time.monotonic() < begun + n + 1 and not closed(s):
                time.sleep(0.05)
            if closed(s):
                break
            s.setblocking(True)
            try:
                s.sendall(bytes([byte]))
            except OSError:
                break
    took = time.monotonic() - begun
    must(9 <= took <= 12, f"a request of one byte a second was ended after {took:.1f} s")
    return f"one byte a second: ended after {took:.1f} s"


def slow_body(port):
    return byte_by_byte(port, b"POST /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n", bytes(20)) + " of body"


# ---- a restart meanwhile

SLOW, FAST = 6, 100  # speeds of the world: at the first a restart of ten minutes takes a hundred seconds


def told_by(slower):
    """What threads of attacks returned; they raise here."""
    for one in slower:
        one.join(30)
        must(not one.is_alive(), "an attack has no end")
        if one.trouble:
            raise one.trouble
    return [one.told for one in slower]


class Beside(threading.Thread):
    def __init__(self, attack, *args):
        super().__init__(daemon=True)
        self.attack, self.args, self.told, self.trouble = attack, args, None, None
        self.start()

    def run(self):
        try:
            self.told = self.attack(*self.args)
        except Exception as trouble:  # pylint: disable=broad-except
            self.trouble = trouble


def attacks(port, url):
    """Each in turn; the slow ones beside those that leave the house half empty."""
    slow = [Beside(byte_by_byte, port), Beside(slow_body, port)]
    for one in (lambda: upgrades(port), lambda: methods(url, port), lambda: hosts(url, port), lambda: too_much(port), lambda: huge_post(port),
                lambda: pipeline(port)):
        yield one()
    yield from told_by(slow)
    for one in (idle, half_headers, idle):
        yield one(port)


def under_attack(build):
    sim = Sim(build, speed=SLOW)
    bot = Bot(build, sim)
    try:
        bot.start()
        bot.wait_ready()
        url = bot.health()
        port = int(url.rsplit(":", 1)[1])
        beat = Pulse(url)
        sim.slash("restart cotak prod")
        wait_until("the restart runs", lambda: sim.aws("UpdateService"))
        for told in attacks(port, url):
            must(not sim.posts("DONE"), f"the restart was over before this was: {told}")
            print(told)
        wait_until("the verdict", lambda: sim.posts("DONE"), 180)
        took, faults, again = beat.close()
        must(not faults, f"/healthz failed {len(faults)} times of {len(took)}: {faults[:3]}")
        must(again <= len(took) // 100, f"/healthz was put out {again} times of {len(took)}")
        middle, worst = statistics.median(took), max(took)
        must(middle < QUICK_MS, f"/healthz took {middle:.0f} ms in the middle")
        must(worst < 50 * QUICK_MS, f"/healthz took {worst:.0f} ms at worst")
        must(len(sim.aws("UpdateService")) == 1, "UpdateService was not sent once")
        must(get(url, "/readyz")[0] == 200, "not ready afterwards")
        must(bot.stop() == 0, f"stopping ended with {bot.died()}:\n{''.join(bot.log[-20:])}")
        print(f"/healthz meanwhile: {len(took)} times 200 ({again} asked twice), middle {middle:.1f} ms, worst {worst:.0f} ms")
    finally:
        bot.close()
        sim.close()


# ---- how quick it is, in the build that is installed

def quick_once(build):
    """Milliseconds of each /healthz in floods of 1,000 half headers a second and of idle ones, sorted. The world runs as fast as the clock on the wall: the restart is not waited for."""
    sim = Sim(build, speed=1)
    bot = Bot(build, sim)
    try:
        bot.start()
        bot.wait_ready()
        url = bot.health()
        port = int(url.rsplit(":", 1)[1])
        sim.slash("restart cotak prod")
        wait_until("the restart runs", lambda: sim.aws("UpdateService"))
        beat = Pulse(url)
        begun = time.monotonic()
        while time.monotonic() < begun + FLOOD_SECONDS:
            half_headers(port, HALF_HEADERS)
            idle(port)
        took, faults, _ = beat.close()
        must(not faults, f"/healthz failed {len(faults)} times of {len(took)}: {faults[:3]}")
        must('cloudtak_operations{state="following"} 1\n' in get(url, "/metrics")[2], "no restart was followed meanwhile")
        must(bot.stop() == 0, f"stopping ended with {bot.died()}:\n{''.join(bot.log[-20:])}")
        return sorted(took)
    finally:
        bot.close()
        sim.close()


def quick(build):
    """On a machine that is busy with something else the second try counts."""
    for last in (False, True):
        took = quick_once(build)
        must(len(took) >= 20, f"only {len(took)} times asked")
        middle, most, worst = (took[int(len(took) * share)] for share in (0.5, 0.95, 0.99))
        print(f"/healthz in floods, {len(took)} times: median {middle:.1f} ms, p95 {most:.1f} ms, p99 {worst:.1f} ms")
        if worst < QUICK_MS:
            return
        must(not last, f"/healthz took {middle:.0f} ms in the middle, {most:.0f} ms at p95, {worst:.0f} ms at p99; {QUICK_MS} ms is the bound")


# ---- descriptors

def few_descriptors(build):
    """128 of them and a full house: Slack's connections come back, and a restart runs to its end."""
    sim = Sim(build, speed=FAST)
    bot = Bot(build, sim)
    bot.ulimit = "-n 128"
    over = threading.Event()
    try:
        bot.start()
        bot.wait_ready()
        url = bot.health()
        port = int(url.rsplit(":", 1)[1])
        must(len([line for line in bot.log if "only 128 files and sockets may be open" in line]) == 1, "the low limit is not told once: " + "".join(bot.log))
        most = []
        crowd = [Beside(crowding, port, over), Beside(counting, bot.process.pid, over, most)]
        sim.slash("restart cotak prod")
        wait_until("the restart runs", lambda: sim.aws("UpdateService"))
        for n in range(3):
            opened = len([e for e in sim.of("socket") if e["what"] == "open"])
            sim.do(do="drop")
            wait_until("two connections again", lambda n=opened: len([e for e in sim.of("socket") if e["what"] == "open"]) >= n + 2, 60)
            sim.slash(f"help status {n}", user="bo")
        wait_until("the verdict", lambda: sim.posts("DONE"), 120)
        wait_until("bo is answered", lambda: len([e for e in sim.of("ephemeral", "message") if e.get("to") == "U0BO"]) >= 3, 60)
        over.set()
        opened, _ = told_by(crowd)
        must(opened > 100, f"only {opened} connections crowded the listener")
        must(get(url, "/readyz")[0] == 200, "not ready afterwards")
        must(len(sim.aws("UpdateService")) == 1, "UpdateService was not sent once")
        bad = [line for line in bot.log if "open files" in line or "descriptor" in line]
        must(not bad, f"descriptors ran out: {bad[:3]}")
        must(40 < max(most) < 128, f"at most {max(most)} descriptors were open")
        must(bot.stop() == 0, f"stopping ended with {bot.died()}:\n{''.join(bot.log[-20:])}")
        print(f"128 descriptors, {opened} connections to the listener, 3 losses of Slack, one restart: at most {max(most)} were open")
    finally:
        over.set()
        bot.close()
        sim.close()


def crowding(port, over):
    """Never fewer than 60 connections that say nothing, until it is over; how many in all."""
    held, opened = [], 0
    while not over.is_set():
        held = [s for s in held if not closed(s) or s.close()]
        while len(held) < 60:
            held.append(socket.create_connection(("127.0.0.1", port), timeout=5))
            opened += 1
        time.sleep(0.02)
    for s in held:
        s.close()
    return opened


def counting(pid, over, counts):
    while not over.is_set():
        counts.append(len(os.listdir(f"/proc/{pid}/fd")))
        time.sleep(0.02)


def limits(build):
    """A low soft limit is raised without a word; a hard one that is too low is refused with a sentence."""
    sim = Sim(build, speed=FAST)
    bot = Bot(build, sim)
    bot.ulimit = "-Sn 64"
    try:
        bot.start()
        bot.wait_ready()
        page = get(bot.health(), "/metrics")[2]
        most = float(re.search(r"^process_max_fds (.*)$", page, re.M).group(1))
        must(most >= 186 and not [line for line in bot.log if "may be open" in line], f"raised to {most}: " + "".join(bot.log))
        must(bot.stop() == 0, f"stopping ended with {bot.died()}")
        bot.ulimit = "-n 80"
        bot.start()
        must(bot.process.wait(timeout=30) == 2, f"80 descriptors end with {bot.died()}")
        told = wait_until("a sentence", lambda: [line for line in bot.log if "not started" in line])
        must(len(told) == 1 and "only 80 files and sockets" in told[0] and "LimitNOFILE=" in told[0], "".join(bot.log))
        print(f"a soft limit of 64 raised to {most:.0f}; with 80 not started, one sentence, status 2")
    finally:
        bot.close()
        sim.close()


# ---- what keeps it from starting

def ends(bot, listen):
    """Status and log of a start with this setting."""
    with open(bot.config, encoding="utf-8") as f:
        text = f.read()
    with open(bot.config, "w", encoding="utf-8") as f:
        f.write(re.sub(r"metrics: .*", f'metrics: {{ listen: "{listen}" }}', text))
    environment = {"PATH": os.environ["PATH"], "HOME": bot.folder, "AWS_ACCESS_KEY_ID": "AKIAREHEARSAL0000000",
                   "AWS_SECRET_ACCESS_KEY": "rehearsal-secret-key-of-nobody"}
    done = subprocess.run([os.path.join(bot.build, "cloudtak-bot"), "run", "-c", bot.config], env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30, check=False)
    return done.returncode, done.stdout


def not_started(build):
    sim = Sim(build)
    bot = Bot(build, sim)
    try:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            code, log = ends(bot, f"127.0.0.1:{port}")
            must(code == 2, f"a taken port ends with {code}: {log}")
            for word in (f"metrics.listen: 127.0.0.1:{port}", "Address already in use", "another cloudtak-bot", "ss -ltnp"):
                must(word in log, f"a taken port is not explained by {word!r}: {log}")
            must(len([line for line in log.splitlines() if "not started" in line]) == 1, f"not one sentence: {log}")
        for listen in ("0.0.0.0:8421", "192.0.2.1:8421", "[::]:8421", "example.org:8421"):
            code, log = ends(bot, listen)
            must(code == 2 and "metrics.listen" in log and "loopback" in log, f"{listen} ends with {code}: {log}")
        print("not started: a taken port and addresses that are not loopback, one sentence, status 2")
    finally:
        bot.close()
        sim.close()


def main():
    what, build = (sys.argv[1:] + [""])[:2]
    if what == "--pulse":
        pulse(build)
    elif what == "--quick":
        if not os.path.exists(os.path.join(build, "cloudtak-bot")):
            print(f"skipped: {build} is not built (tests/run builds it)")
            return 77
        quick(build)
    elif what == "--descriptors":
        limits(build)
        few_descriptors(build)
    else:
        not_started(what)
        under_attack(what)
    return 0


if __name__ == "__main__":
    sys.exit(main())
