"""Where the judges' programs are (found or installed by `setup`), and what a judge tells."""
import json
import os
import sys

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
