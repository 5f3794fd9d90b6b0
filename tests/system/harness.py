"""The real programs on loopback sockets: cloudtak-sim as Slack and AWS, cloudtak-bot as itself. wait_until, never sleep."""
import http.client
import json
import os
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time

CHANNEL = "C0INCIDENT"
CONFIG = """chat:
  - {{ name: slack, kind: slack, app_token: {app_token}, bot_token: {bot_token}, api_url: "{slack_api}" }}
unsafe_endpoints: true
store: {{ path: "{folder}/state.db" }}
metrics: {{ listen: "127.0.0.1:0" }}
follow: {{ give_up_after: {give_up} }}
escalation: {{ name: Application Specific Engineering, mention: "slack:group:S0ASE", phone: "+1 555 0100" }}
people: [ {{ name: ana, ids: ["slack:user:U0ANA"] }}, {{ name: bo, ids: ["slack:user:U0BO"] }} ]
roles: {{ operators: [ana, bo] }}
targets:
  - name: cotak prod
    preset: v13
    production: true
    account: "000000000000"
    region: us-gov-east-1
    allow: {{ channels: ["slack:C0INCIDENT"], view: [any], restart: [operators], downtime: [operators] }}
"""


class Trouble(AssertionError):
    """What was expected and did not come, with what was seen instead."""


def wait_until(what, condition, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise Trouble(f"not within {seconds} s: {what}")


def words(message):
    """All text of a message as Slack would show it, mrkdwn left as it is."""
    found = []

    def walk(node):
        if isinstance(node, dict):
            if node.get("type") in ("mrkdwn", "plain_text"):
                found.append(node.get("text", ""))
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(message.get("blocks") or [])
    return "\n".join(found) or message.get("text", "")


def button(message, action):
    """The value of a message's button with this action id, or None."""
    for block in message.get("blocks") or []:
        for element in block.get("elements") or []:
            if element.get("action_id") == action:
                return element.get("value")
    return None


class Sim:
    """cloudtak-sim: everything it tells is kept in self.events."""

    def __init__(self, build, scenario="ok", speed=100):
        self.speed = speed
        self.epoch = int(time.time() * 1000)
        self.events = []
        self.complaints = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [os.path.join(build, "cloudtak-sim"), "--scenario", scenario, "--speed", str(speed), "--epoch", str(self.epoch)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.complaints, text=True)
        lines = queue.Queue()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        self.ready = lines.get(timeout=20)

    def _read(self, first):
        for line in self.process.stdout:
            event = json.loads(line)
            event["heard"] = time.monotonic()
            if event.get("ready"):
                first.put(event)
            else:
                self.events.append(event)

    def do(self, **what):
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def slash(self, text, user="ana"):
        self.do(do="slash", user=user, channel=CHANNEL, text=text)

    def press(self, message, action, user="ana"):
        self.do(do="click", user=user, channel=CHANNEL, message_ts=message["ts"], action_id=action, value=button(message, action))

    def of(self, *kinds):
        return [e for e in list(self.events) if e.get("event") in kinds]

    def posts(self, needle=""):
        return [e for e in self.of("message") if needle in words(e)]

    def shown(self, ts):
        """The message as it stands now, after its edits."""
        last = None
        for e in self.of("message", "update"):
            if e.get("ts") == ts:
                last = e
        return words(last) if last else ""

    def aws(self, action):
        return [e for e in self.of("aws") if e.get("action") == action]

    def close(self):
        """A simulator that ended badly, or not at all, proved nothing."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # it is gone: its status tells
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.complaints.seek(0)
        said = self.complaints.read().decode(errors="replace")
        if self.process.returncode != 0:
            raise Trouble(f"cloudtak-sim ended with {self.process.returncode}:\n{said[-6000:]}")
        if said:
            print(f"cloudtak-sim said: {said[-2000:]}")


class Bot:
    """cloudtak-bot run, in a folder that outlives it."""

    def __init__(self, build, sim, give_up="60m", app_token="xapp-rehearsal-token", bot_token="xoxb-rehearsal-token"):
        self.build, self.sim = os.path.abspath(build), sim
        self.folder = tempfile.mkdtemp(prefix="cloudtak-test-")
        os.chmod(self.folder, 0o700)
        self.config = os.path.join(self.folder, "config.yaml")
        with open(self.config, "w", encoding="utf-8", opener=lambda p, f: os.open(p, f, 0o600)) as f:
            f.write(CONFIG.format(slack_api=sim.ready["slack_api"], folder=self.folder, give_up=give_up, app_token=app_token, bot_token=bot_token))
        self.process = None
        self.log = []
        self.ulimit = None  # words of the shell's ulimit, before it starts: "-n 128"

    def program(self):
        run = [os.path.join(self.build, "cloudtak-bot"), "run", "-c", self.config]
        return ["sh", "-c", f'ulimit {self.ulimit} && exec "$@"', "sh", *run] if self.ulimit else run

    def start(self, **faults):
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_ENDPOINT_URL": self.sim.ready["aws"],
            "AWS_ACCESS_KEY_ID": "AKIAREHEARSAL0000000",
            "AWS_SECRET_ACCESS_KEY": "rehearsal-secret-key-of-nobody",
            "HOME": self.folder,
            "CLOUDTAK_FAULT_SPEED": str(self.sim.speed),
            "CLOUDTAK_FAULT_EPOCH": str(self.sim.epoch),
            "ASAN_OPTIONS": "detect_leaks=1",
            **faults,
        }
        self.log = []
        self.process = subprocess.Popen(self.program(), stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=environment,
                                        cwd=self.folder)
        self.reader = threading.Thread(target=self._read, args=(self.process, self.log), daemon=True)
        self.reader.start()

    @staticmethod
    def _read(process, log):
        for line in process.stderr:
            log.append(line)

    def is_ready(self):
        return any('"ready"' in line for line in self.log)

    def health(self):
        """The address of /healthz, /readyz and /metrics, as its log tells it."""
        said = wait_until("the address of the pages is logged",
                          lambda: [m for m in (re.search(r"(http://[^ ]+) has /healthz", line) for line in self.log) if m])
        return said[0].group(1)

    def died(self):
        return self.process.poll()

    def wait_ready(self, seconds=30):
        """True when it is up, False when it died before."""
        wait_until("the bot is ready", lambda: self.is_ready() or self.died() is not None, seconds)
        return self.died() is None

    def stop(self):
        if self.process and self.died() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=20)
        return self.died()

    def close(self):
        if self.process and self.died() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def get(url, path, method="GET", host=None, seconds=10):
    """Status, headers (names in lower case) and text of one request to the bot's own listener."""
    address = url.split("//", 1)[1]
    connection = http.client.HTTPConnection(address, timeout=seconds)
    try:
        connection.request(method, path, headers={"Host": host or address})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read().decode()
    finally:
        connection.close()
