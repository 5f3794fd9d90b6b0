#!/usr/bin/env python3
"""Every change that the bot's client can make, and what it reads before one, sent to the simulator: requests judged by AWS's models and botocore's signer, answers read by botocore.

aws_changes.py BUILD             aws_changes.py BUILD --rejects: the judge finds what is wrong on purpose
"""
import base64
import copy
import json
import os
import subprocess
import sys
import tempfile

import peers

KEY, SECRET = "AKIAREHEARSAL0000000", "rehearsal-secret-key-of-nobody"
STEPS = ("look", "previous", "scaling", "suspend", "stop", "count", "older", "look", "back")
SENT = {"StopTask", "UpdateService", "StopServiceDeployment", "RegisterScalableTarget", "DescribeScalableTargets",
        "DescribeServiceRevisions", "ListServiceDeployments", "DescribeTaskDefinition"}
# Of each change, what it must say and nothing beside it.
SAYS = {"StopTask": [{"cluster", "task", "reason"}],
        "UpdateService": [{"cluster", "service", "desiredCount"}, {"cluster", "service", "forceNewDeployment", "taskDefinition"}],
        "StopServiceDeployment": [{"serviceDeploymentArn", "stopType"}],
        "RegisterScalableTarget": [{"ServiceNamespace", "ResourceId", "ScalableDimension", "SuspendedState"}]}


def recorded(build):
    """What goes over the wire while the program runs; its own words."""
    import proxy
    from harness import Sim
    sim = Sim(build, "ok", 1)
    recorder = proxy.Proxy(sim.ready["aws"])
    try:
        done = subprocess.run([os.path.join(build, "tests", "conformance", "conformance_changes"), recorder.url, *STEPS], stdout=subprocess.PIPE,
                              text=True, check=False, timeout=50, stdin=subprocess.DEVNULL)
        return recorder.kept, done
    finally:
        recorder.close()
        sim.close()


def said(exchange):
    return json.loads(base64.b64decode(exchange["body"]))


def judge(exchanges):
    import awsmodel
    sent = {}
    for exchange in exchanges:
        yield from awsmodel.judge_request(exchange)
        yield from awsmodel.judge_signature(exchange, KEY, SECRET)
        yield from awsmodel.judge_answer(exchange)
        sent.setdefault(awsmodel.operation(exchange).name, []).append(set(said(exchange)))
    yield from (f"never sent: {name}" for name in sorted(SENT - set(sent)))
    yield from (f"{name} says {sent.get(name)}, not {wanted}" for name, wanted in SAYS.items() if sent.get(name) != wanted)


def main(build, rejects):
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(peers.aws_environment(home))
        exchanges, done = recorded(build)
        findings = peers.Findings()
        findings.expect(done.returncode == 0, done.stdout)
        findings.cases += len(exchanges)
        for what in judge(exchanges):
            findings.add(what)
        if rejects:
            refuse_spoilt(exchanges, findings)
    print(done.stdout, end="")
    return findings.finish("aws_changes")


# ---- what the judge must find

def spoil(exchanges, action, **what):
    other = copy.deepcopy(exchanges)
    for exchange in other:
        if dict(exchange["headers"]).get("X-Amz-Target", "").endswith("." + action) or \
                any(n.lower() == "x-amz-target" and v.endswith("." + action) for n, v in exchange["headers"]):
            exchange["body"] = base64.b64encode(json.dumps({**said(exchange), **what}).encode()).decode()
    return other


def refuse_spoilt(exchanges, findings):
    for action, what, wanted in (("StopTask", {"force": True}, "says"), ("StopServiceDeployment", {"stopType": "NOW"}, "NOW"),
                                 ("UpdateService", {"desiredCount": "3"}, "desiredCount"),
                                 ("RegisterScalableTarget", {"MinCapacity": 0}, "says"),
                                 ("DescribeScalableTargets", {"ServiceNamespace": "tasks"}, "tasks")):
        found = list(judge(spoil(exchanges, action, **what)))
        findings.expect(any(wanted in str(f) for f in found), f"not found: {action} with {what} ({found})")
    findings.expect(any("never sent" in str(f) for f in judge([])), "an empty recording is good")


if __name__ == "__main__":
    BUILD = os.path.abspath(sys.argv[1])
    peers.need_python(BUILD)
    sys.exit(main(BUILD, "--rejects" in sys.argv))
