"""Where the judges' programs are (found or installed by `setup`), and what a judge tells."""
import json
import os
import subprocess
import sys
import threading

SKIP = 77  # ctest's SKIP_RETURN_CODE
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "system"))


def folder(build):
    return os.path.join(build, "conformance")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIP)


def read(build):
    path = os.path.join(folder(build), "peers.json")
    if not os.path.exists(path):
        skip(f"{path} is missing: run tests/conformance/setup {build}")
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def need_python(build):
    """This program goes on under the python that has botocore and moto, which need not be the one that began it."""
    found = read(build)
    if not found.get("python"):
        skip(found["python_why"])
    if os.environ.get("CLOUDTAK_JUDGE_PYTHON") != found["python"]:
        os.environ["CLOUDTAK_JUDGE_PYTHON"] = found["python"]
        os.execv(found["python"], [found["python"], "-B", *sys.argv])
    return found


def need_node(build):
    found = read(build)
    if not found.get("node"):
        skip(found["node_why"])
    return found


def aws_environment(home, region="us-gov-east-1", key="AKIAREHEARSAL0000000", secret="rehearsal-secret-key-of-nobody"):
    """Nothing of the caller's own AWS settings; the simulator's key."""
    return {"PATH": os.environ["PATH"], "HOME": home, "AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_DEFAULT_REGION": region, "AWS_REGION": region, "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "",
            "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "LC_ALL": "C.UTF-8"}


class NodeApp:
    """A program of Slack's own packages; what it told, a line of JSON each, is in self.told. It ends at the end of its input."""

    def __init__(self, found, sim, script):
        environment = {"PATH": os.environ["PATH"], "NODE_PATH": os.path.join(found["node_folder"], "node_modules"),
                       "HOME": found["node_folder"], "SLACK_API": sim.ready["slack_api"],
                       "BOT_TOKEN": "xoxb-rehearsal-token", "APP_TOKEN": "xapp-rehearsal-token"}
        self.told, self.noise = [], []
        self.process = subprocess.Popen([found["node"], os.path.join(HERE, script)], env=environment, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            try:
                self.told.append(json.loads(line))
            except ValueError:
                self.noise.append(line)

    def of(self, what):
        return [t for t in list(self.told) if t["what"] == what]

    def close(self):
        self.process.stdin.close()
        try:
            return self.process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Findings:
    """What a judge found; each different one is told once, with how often."""

    def __init__(self):
        self.counts = {}
        self.cases = 0

    def add(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def expect(self, good, what):
        self.cases += 1
        if not good:
            self.add(what)

    def finish(self, name):
        for what, count in sorted(self.counts.items()):
            print(f"FOUND {what}" + (f" ({count} times)" if count > 1 else ""))
        print(f"{name}: {self.cases} cases, {len(self.counts)} findings")
        return 1 if self.counts or not self.cases else 0
