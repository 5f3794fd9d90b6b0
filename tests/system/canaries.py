#!/usr/bin/env python3
"""A canary for each secret. AWS, Slack and people say them back in every text that the bot reads (plain, URL- and base64-encoded), through all
scenarios of cloudtak-sim; then the bot is aborted. None of them may stand in its log, in what Slack was sent, in the store, on the pages of its
listener, in the environment of a child or in a core file. A marker that is no secret travels in the same texts and must arrive everywhere: a way
that is not tried proves nothing.

canaries.py BUILD [--rejects] [--jobs J]    --rejects: one canary is not made known to the bot, or another leak is planted; each must be found
"""
import argparse
import base64
import concurrent.futures
import hashlib
import hmac
import http.server
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import zlib

from harness import Bot, button, get, Sim, Trouble, wait_until, words
from meddler import Meddler, slack_meddler

MARK = "ctl7xq9zplw3"  # no secret, and must be seen; a word, as Slack's and AWS's codes are
PIECE = 12  # so many bytes in a row of any form of a secret are a leak
ENDED = re.compile(r'"(acting|following) -> (?!following)')
SLACK = {
    "Slack's app token": "xapp-1-A0QX7KpZ3mT-7104-qVx7KpZ3mT9wLr2YbN5dHs8J",
    "Slack's bot token": "xoxb-4182-0093-cWf6Ue1XoGk4TaQzRj7MvB2nD5yL",
}
PROXY = {"a proxy's password": "gH5/tR8w+Xk2@Vd9:Lp3Zs6"}
AGENT = {"the container agent's token": "kt4jm8qy2wc6ev9rb1nx5_zu7dhf3gsa0op"}
KEYS = {
    "the access key's id": "ASIAQ7XM3V9KD2PTWLRB",
    "the secret access key": "w+Jr/Nx8Ry4uQ9zE7/bLk2+PgMn8SdVf6HtXa1Yo",
    "the session token": "IQoJb3JpZ2lu" + "/wE+aDK9qmZ4vP7tUc3/Yx8oLr5KbWn2+GfJs6Qe1HdTi0Mz" * 6 + "==",
}
SECRETS = {**SLACK, **PROXY, **AGENT, **KEYS}


# ---- how a secret may be written, and how it is found

def forms(value):
    raw = value.encode()
    found = [value, urllib.parse.quote(value, safe=""), re.sub("%..", lambda m: m[0].lower(), urllib.parse.quote(value, safe=""))]
    found += [base64.b64encode(b"\0" * n + raw).decode()[(n * 8 + 5) // 6:].rstrip("=")[:-1] for n in range(3)]
    return found


def pieces(value):
    """In small letters: a text may have been folded, and its secret still be read."""
    return {form[at:at + PIECE].lower().encode() for form in forms(value) for at in range(0, len(form) - PIECE + 1, PIECE // 2)}


NEEDLES = {name: pieces(value) for name, value in SECRETS.items()}


def hits(data, needles):
    """Names of the secrets of which something stands in data, with its surroundings."""
    data = data.lower()
    for name, some in needles.items():
        at = min((p for p in map(data.find, some) if p >= 0), default=-1)
        if at >= 0:
            yield f"{name} in {data[max(0, at - 60):at + 60]!r}"


# ---- what is said back

def text_for(key):
    """The same place always says the same: a mark, then secrets, each in a form of its own; sometimes so that they are cut."""
    n = zlib.crc32(key.encode())
    names = sorted(SECRETS)
    value = SECRETS[names[n % len(names)]]
    other = SECRETS[names[(n >> 8) % len(names)]]
    written = [value, urllib.parse.quote(value, safe=""), base64.b64encode(value.encode()).decode(),
               base64.b64encode(b"u:" + value.encode()).decode()][(n >> 16) % 4]
    return f"{MARK} {'x' * (n % 90 if n & 1 << 20 else 0)}{written} and {other} {MARK}"


def word_for(n):
    """Where a code is expected."""
    return (MARK, AGENT["the container agent's token"])[n % 2]


def soil(node, path=""):
    fields = ("message", "stoppedReason", "reason", "rolloutStateReason", "statusReason")
    if isinstance(node, list):
        for n, value in enumerate(node):
            soil(value, f"{path}/{n}")
    elif isinstance(node, dict):
        key = str(node.get("id") or node.get("taskArn") or node.get("containerArn") or path)
        for field, value in node.items():
            if isinstance(value, str) and field in fields:
                node[field] = f"{text_for(key + field)} {value}" if zlib.crc32(key.encode()) & 32 else f"{value} {text_for(key + field)}"
            else:
                soil(value, f"{path}/{field}")


class Aws:
    """Changes AWS's answers: texts in answers, and refusals that say too much."""
    def __init__(self, refuses_update):
        self.counts, self.refuses_update = {}, refuses_update

    def __call__(self, name, status, body, headers):
        n = self.counts[name] = self.counts.get(name, 0) + 1
        said = text_for(f"{name}{n}")
        if name == "GetCallerIdentity":
            if n == 1:
                return 500, f"<ErrorResponse><Error><Code>InternalFailure</Code><Message>{said.replace('&', '&amp;')}</Message></Error></ErrorResponse>".encode()
            return status, re.sub(rb"(<Arn>[^<]*)", lambda m: m[1] + said.replace(" ", "-").encode(), body)
        if name == "UpdateService" and self.refuses_update:
            return 400, json.dumps({"__type": "AccessDeniedException", "message": said}).encode()
        if name.startswith(("Describe", "List")) and n % 5 == 2:
            kind = ("ThrottlingException", word_for(n), "ServerException", "AccessDeniedException")[n // 5 % 4]
            return 500 if kind == "ServerException" else 400, json.dumps({"__type": f"com.amazonaws.ecs#{kind}", "message": said}).encode()
        if status == 200 and body.startswith(b"{"):
            answer = json.loads(body)
            soil(answer)
            body = json.dumps(answer).encode()
        return status, body


class Slack:
    """Changes Slack's answers: now and then an error that quotes what it was sent."""
    def __init__(self):
        self.counts = {}

    def __call__(self, name, status, body, headers):
        n = self.counts[name] = self.counts.get(name, 0) + 1
        said = text_for(f"{name}{n}")
        if name == "apps.connections.open" and 3 <= n < 12:
            return 200, json.dumps({"ok": False, "error": word_for(n), "needed": said}).encode()
        if name == "users.info" and n % 3 == 0:
            return 200, json.dumps({"ok": False, "error": word_for(n // 3), "needed": said, "response_metadata": {"messages": [said]}}).encode()
        if name in ("chat.update", "chat.postEphemeral") and n % 4 == 1:
            return 200, json.dumps({"ok": False, "error": ("internal_error", word_for(n // 8))[n // 4 % 2], "detail": said, "response_metadata": {"messages": [said]}}).encode()
        if name == "chat.update" and n % 4 == 3:
            return 503, said.encode()
        if name == "users.info" and body.startswith(b"{"):
            answer = json.loads(body)
            user = answer.get("user", {})
            user["name"] = user["real_name"] = said
            user.setdefault("profile", {})["display_name"] = said
            body = json.dumps(answer).encode()
        return status, body


def frame(data):
    """Names in envelopes."""
    envelope = json.loads(data)
    payload = envelope.get("payload")
    if isinstance(payload, dict):
        for key in "user_name", "channel_name", "team_domain":
            if key in payload:
                payload[key] = text_for(key + envelope["envelope_id"])
        for key in "user", "channel":
            if isinstance(payload.get(key), dict):
                payload[key]["name"] = payload[key]["username"] = text_for(key + envelope["envelope_id"])
    return json.dumps(envelope).encode()


def as_slack_knows_it(headers, command, path, body):
    token = "xapp-rehearsal-token" if headers.get("Authorization", "").startswith("Bearer xapp-") else "xoxb-rehearsal-token"
    if "Authorization" in headers:
        headers["Authorization"] = f"Bearer {token}"


def as_aws_knows_it(headers, command, path, body):
    """Signs with the keys that cloudtak-sim knows what the bot signed with a canary."""
    lower = {k.lower(): v for k, v in headers.items()}
    given = re.match(r"AWS4-HMAC-SHA256 Credential=[^/]+/(\S+?), *SignedHeaders=(\S+?),", lower["authorization"])
    scope, names = given[1], [n for n in given[2].split(";") if n != "x-amz-security-token"]
    url = urllib.parse.urlsplit(path)
    canonical = "\n".join([command, url.path or "/", url.query, *(f"{n}:{' '.join(lower[n].split())}" for n in names), "", ";".join(names),
                           hashlib.sha256(body).hexdigest()])
    to_sign = "\n".join(["AWS4-HMAC-SHA256", lower["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4rehearsal-secret-key-of-nobody"
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    for name in [n for n in headers if n.lower() in ("authorization", "x-amz-security-token")]:
        del headers[name]
    headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential=AKIAREHEARSAL0000000/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"


class Agent(http.server.ThreadingHTTPServer):
    """The container's agent: hands out keys to who has the token; its first answer is an error that quotes it."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), AgentHandler)
        self.asked = 0
        self.url = f"http://127.0.0.1:{self.server_port}/keys"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class AgentHandler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_GET(self):
        self.server.asked += 1
        right = self.headers.get("Authorization") == AGENT["the container agent's token"]
        keys = dict(zip(("AccessKeyId", "SecretAccessKey", "Token"), KEYS.values()))
        body = json.dumps({"code": text_for("agent"), "message": text_for("agent")} if self.server.asked == 1 else keys).encode()
        self.send_response(500 if self.server.asked == 1 else 200 if right else 403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


# ---- one run

def environment_of(source, folder, agent):
    """Where the bot gets its keys from; the other secrets are always there."""
    proxy = urllib.parse.quote(PROXY["a proxy's password"], safe="")
    e = {"HTTPS_PROXY": f"http://ana:{proxy}@127.0.0.1:9", "NO_PROXY": "127.0.0.1",
         "AWS_CONTAINER_AUTHORIZATION_TOKEN": AGENT["the container agent's token"],
         "ASAN_OPTIONS": "detect_leaks=1:disable_coredump=0"}
    e.update({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""})
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    if source == "environment":
        e.update(zip(names, KEYS.values()))
    elif source == "container":
        e["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = agent.url
    else:
        os.makedirs(os.path.join(folder, ".aws"))
        with open(os.path.join(folder, ".aws", "credentials"), "w", encoding="utf-8") as f:
            f.write("[default]\n" + "".join(f"{n.lower()} = {v}\n" for n, v in zip(names, KEYS.values())))
    return e


def talk(sim):
    """People say secrets too: as commands, reasons, in clicks; who may, who may not, and a stranger."""
    sim.do(do="limits", on=False)
    for n, (user, text) in enumerate([("ana", "help"), ("ana", "restart"), ("bo", "status"), ("eve", "status cotak prod"), ("ana", "whoami"),
                                      ("bo", ""), ("eve", "restart cotak prod --reason")]):
        sim.slash(f"{text} {text_for(f'said{n}')}"[:2900], user)
    sim.slash("whoami")
    sim.slash("status cotak prod")
    wait_until("an answer", lambda: sim.of("message", "ephemeral"))
    some = sim.of("message", "ephemeral")[0]
    for user in "ana", "eve":
        for n in range(3):
            sim.do(do="click", user=user, channel="C0INCIDENT", message_ts=some["ts"], action_id=text_for(f"action{n}"), value=text_for(f"value{n}"))


def restart(sim, bot):
    """Asked again when AWS was too slow or too busy for the checks before it; a question is answered with yes."""
    def told(what):
        return len([line for line in bot.log if what in line])

    def questions():
        return [m for m in sim.of("message") if button(m, "confirm")]

    def moved_on(done, seconds):
        end = time.monotonic() + seconds
        while not done() and time.monotonic() < end:
            time.sleep(0.05)

    for user in "ana", "bo", "ana", "bo":
        over, asked = told("requested -> refused"), len(questions())
        sim.slash(f'restart cotak prod --reason "{MARK} {" and ".join(SECRETS.values())}"', user)
        wait_until("the restart is taken, asked about or refused",
                   lambda: told("-> queued") or told("requested -> refused") > over or len(questions()) > asked)
        # A press during which a person could not be looked up, or AWS not be read, leaves the question open: pressed again.
        for _ in range(12):
            open_ones = questions()[asked:]
            if not open_ones or told("-> queued") or told("asking -> refused"):
                break
            sim.press(open_ones[-1], "confirm", user)
            moved_on(lambda: told("-> queued") or told("asking -> refused"), 5)
        if told("-> queued"):
            return
    raise Trouble("the restart is refused each time")


def aborted(bot):
    """SIGABRT; says whether the kernel wrote a core file."""
    bot.process.send_signal(signal.SIGABRT)
    how = os.waitid(os.P_PID, bot.process.pid, os.WEXITED | os.WNOWAIT)
    bot.process.wait()
    if how.si_status != signal.SIGABRT:
        raise Trouble(f"SIGABRT ended it with {how.si_status}:\n{''.join(bot.log[-20:])}")
    return how.si_code == os.CLD_DUMPED or any(name.startswith("core") for name in os.listdir(bot.folder))


def store_of(bot):
    data = b""
    for name in sorted(os.listdir(bot.folder)):
        if name.startswith("state.db"):
            with open(os.path.join(bot.folder, name), "rb") as f:
                data += f.read()
    return data


class Held:
    """What a run left where others may read it."""
    def __init__(self):
        self.parts, self.core, self.cores = {}, False, ["0", "0"]

    def faults(self, needles):
        found = [f"{part}: {hit}" for part, data in self.parts.items() for hit in hits(data, needles)]
        found += ["a core file was written"] if self.core else []
        return found + ([f"its limits of core files are {self.cores}"] if self.cores != ["0", "0"] else [])


def run(build, scenario, source, refuses_update=False, known=True):
    """known False: the bot is not told Slack's app token, but another one."""
    held, agent = Held(), Agent()
    sim = Sim(build, scenario, speed=100)
    aws = Meddler(sim.ready["aws"], Aws(refuses_update), ask=as_aws_knows_it)
    slack = slack_meddler(sim, Slack(), frame, ask=as_slack_knows_it)
    sim.ready.update(aws=aws.url, slack_api=slack.url)
    bot = Bot(build, sim, give_up="20m", app_token=SLACK["Slack's app token"] if known else "xapp-rehearsal-token",
              bot_token=SLACK["Slack's bot token"])
    pages = []
    try:
        bot.start(**environment_of(source, bot.folder, agent))
        if not bot.wait_ready(60):
            raise Trouble("the bot does not start:\n" + "".join(bot.log[-5:]))
        url = bot.health()
        held.cores = core_limit(bot.process.pid)

        def look():
            pages.extend(get(url, page)[2] for page in ("/readyz", "/metrics"))
            time.sleep(0.2)
            return any(ENDED.search(line) for line in bot.log)
        sim.slash("whoami", "bo")
        wait_until("AWS's answer: keys that the bot has not yet it cannot know", lambda: any("sts::" in words(m) for m in sim.of("ephemeral", "message")))
        talk(sim)
        restart(sim, bot)
        wait_until("a verdict", look, 60)
        sim.do(do="drop")  # /readyz says why there is no connection
        for _ in range(5):
            look()
        held.core = aborted(bot)
        wait_until("the end of its log", lambda: not bot.reader.is_alive())
        held.parts = {"log": "".join(bot.log).encode(), "store": store_of(bot), "pages": "".join(pages).encode(),
                      "messages": b"\n".join(body for _, _, body in slack.requests),
                      "told by Slack": json.dumps(sim.of("message", "update", "ephemeral")).encode(), "acks": unmasked(slack.frames)}
        return held
    except Trouble as trouble:
        raise Trouble(f"{scenario}, keys of the {source}: {trouble}\n{''.join(bot.log[-15:])}") from trouble
    finally:
        bot.close()
        slack.close()
        aws.close()
        agent.shutdown()
        agent.server_close()
        sim.close()


def unmasked(chunks):
    """The payloads of a client's frames, as far as they are whole; each connection begins a list of its own."""
    out = []
    for data in chunks:
        at = 0
        while at + 6 <= len(data) and data[at + 1] & 0x80:
            length, head = data[at + 1] & 127, 2
            if length == 126:
                length, head = int.from_bytes(data[at + 2:at + 4], "big"), 4
            mask = data[at + head:at + head + 4]
            body = data[at + head + 4:at + head + 4 + length]
            out.append(bytes(b ^ mask[n % 4] for n, b in enumerate(body)) if len(mask) == 4 else b"")
            at += head + 4 + length
    return b"\n".join(out)


# ---- children, and what the kernel shows of the process

def children_of(pid):
    for one in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{one}/stat", encoding="utf-8", errors="replace") as f:
                if f.read().rsplit(")", 1)[1].split()[1] == str(pid):
                    yield int(one)
        except OSError:
            pass


def core_limit(pid):
    """Soft and hard."""
    with open(f"/proc/{pid}/limits", encoding="utf-8") as f:
        return next(line for line in f if line.startswith("Max core file size")).split()[4:6]


def environ_of(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as f:
            return f.read()
    except OSError:
        return b""


def rehearsal(build):
    """The one way in which the bot has children: they get no environment of ours."""
    held = Held()
    e = {"PATH": os.environ["PATH"], "SLACK_BOT_TOKEN": SLACK["Slack's bot token"], "SLACK_APP_TOKEN": SLACK["Slack's app token"],
         **{k: v for k, v in environment_of("environment", "", None).items()}}
    process = subprocess.Popen([os.path.join(build, "cloudtak-bot"), "rehearse", "--speed", "100", "--exec", "restart cotak prod"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=e)
    seen = set()
    said = []
    reader = threading.Thread(target=lambda: said.append(process.stdout.read()), daemon=True)
    reader.start()
    held.parts["children's environments"] = b""
    while process.poll() is None:
        for child in children_of(process.pid):
            # Between fork and exec it is our own image still.
            if os.path.basename(os.readlink(f"/proc/{child}/exe") if os.path.exists(f"/proc/{child}/exe") else "") == "cloudtak-sim":
                seen.add(child)
                held.parts["children's environments"] += environ_of(child)
        time.sleep(0.05)
    reader.join()
    held.parts["what the rehearsal said"] = said[0]
    if process.returncode != 0 or not seen:
        raise Trouble(f"the rehearsal ended with {process.returncode}, children seen: {len(seen)}\n{said[0].decode()}")
    return held


def read_by_its_user(argv, folder, env, ready):
    """What a process of the same user reads of /proc/PID/environ; as root the bot is run by nobody, since root reads all."""
    who = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    process = subprocess.Popen(argv, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, **who)
    try:
        for line in process.stdout:
            if ready in line:
                break
        reader = subprocess.run(["cat", f"/proc/{process.pid}/environ"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **who)
        if process.poll() is not None:
            raise Trouble(f"{argv[0]} ended with {process.returncode}")
        return reader.stdout
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def guarded(build):
    """Whom the bot's user is shared with must not read its environment from /proc."""
    held, sim = Held(), Sim(build)
    bot = Bot(build, sim)
    home = tempfile.mkdtemp(prefix="cloudtak-test-")
    try:
        program = shutil.copy(os.path.join(build, "cloudtak-bot"), home)  # the build may be where only its owner may look
        os.chmod(home, 0o755)
        if os.geteuid() == 0:
            for path in bot.folder, bot.config:
                os.chown(path, 65534, 65534)
        e = {"PATH": os.environ["PATH"], "HOME": bot.folder, "AWS_ENDPOINT_URL": sim.ready["aws"], **environment_of("environment", "", None)}
        held.parts["its environment"] = read_by_its_user([program, "run", "-c", bot.config], bot.folder, e, b'"ready"')
        return held
    finally:
        bot.close()
        sim.close()
        shutil.rmtree(home, ignore_errors=True)


# ---- the judgement

def scenarios(build):
    out = subprocess.run([os.path.join(build, "cloudtak-sim"), "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return [line.split()[0] for line in out.splitlines() if line.strip()]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--rejects", action="store_true")
    p.add_argument("--jobs", type=int, default=4)
    p.add_argument("--only", help="one scenario")
    a = p.parse_args()
    build = os.path.abspath(a.build)
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))  # a shell's own limit would hide that ours is missing
    return rejects(build) if a.rejects else judge(build, a.jobs, a.only)


def core_of_another():
    """Would a core file be seen here?"""
    folder = tempfile.mkdtemp(prefix="cloudtak-test-")
    try:
        process = subprocess.Popen([sys.executable, "-c", "import os; os.abort()"], cwd=folder)
        how = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        process.wait()
        return how.si_code == os.CLD_DUMPED
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def rejects(build):
    faults = []
    for name, value in SECRETS.items():
        for form in forms(value) + [base64.b64encode(b"ana:" + value.encode()).decode(), value[:20], value[-20:]]:
            if not list(hits(b"before " + form.encode() + b" behind", {name: NEEDLES[name]})):
                faults.append(f"not found: {name} as {form}")
    untold = run(build, "rolled-back", "environment", known=False).faults({"Slack's app token": NEEDLES["Slack's app token"]})
    faults += [f"a token that the bot was not told of is not found in {part}" for part in ("store", "messages", "told by Slack")
               if not any(f.startswith(part) for f in untold)]
    env = {"PATH": os.environ["PATH"], **environment_of("environment", "", None)}
    held = Held()
    held.parts["its environment"] = read_by_its_user(["sh", "-c", "echo ready; sleep 60"], "/", env, b"ready")
    faults += ["an environment that anybody may read is not found"] if not held.faults(NEEDLES) else []
    with open("/proc/sys/kernel/core_pattern", encoding="utf-8") as f:
        cores = resource.getrlimit(resource.RLIMIT_CORE)[1] != 0 and f.read().strip() != ""
    faults += ["a core file is not noticed"] if cores and not core_of_another() else []
    held = Held()
    held.cores = core_limit(os.getpid())
    faults += ["a limit is not noticed"] if cores and not held.faults({}) else []
    for fault in faults:
        print("FAULT", fault)
    print(f"{len(untold)} planted leaks found, {len(faults)} missed{'' if cores else '; this machine writes no core files'}")
    return 1 if faults else 0


def judge(build, jobs, only):
    sources = ("environment", "container", "profile")
    runs = [(name, sources[n % 3], False) for n, name in enumerate(scenarios(build)) if only in (None, name)]
    runs += [("ok", "container", True)] if only is None else []
    faults, marks = [], {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        asked = [(f"{name}, keys of the {source}{', UpdateService refused' if no else ''}", pool.submit(run, build, name, source, no))
                 for name, source, no in runs]
        asked += [("rehearse", pool.submit(rehearsal, build)), ("run by another user", pool.submit(guarded, build))]
        for what, future in asked:
            try:
                held = future.result()
            except Exception as trouble:  # every run is judged, then all faults are known
                faults.append(f"{what}: {trouble}")
                continue
            found = held.faults(NEEDLES)
            faults += [f"{what}: {f}" for f in found]
            for part, data in held.parts.items():
                marks[part] = marks.get(part, 0) + data.count(MARK.encode())
            print(f"{what}: {len(found)} leaks in " + ", ".join(f"{part} {len(data)} B" for part, data in held.parts.items()), flush=True)
    for part in "log", "store", "pages", "messages", "told by Slack":
        if not marks.get(part):
            faults.append(f"the mark did not arrive in {part}: what holds secrets back was not tried there")
    for fault in faults:
        print("FAULT", fault)
    print(f"{len(SECRETS)} canaries, {len(asked)} runs, {len(faults)} faults; the mark beside them was seen: {marks}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
