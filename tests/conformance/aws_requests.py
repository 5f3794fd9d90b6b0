#!/usr/bin/env python3
"""Every request that the bot sent to AWS in the recording, judged by AWS's models and by botocore's signer.

aws_requests.py BUILD            aws_requests.py BUILD --rejects: the judge finds what is wrong on purpose
"""
import base64
import copy
import json
import os
import sys

import peers

KEY, SECRET = "AKIAREHEARSAL0000000", "rehearsal-secret-key-of-nobody"
USED = {"DescribeServices", "ListTasks", "DescribeTasks", "ListServiceDeployments", "ListServices", "ListClusters", "UpdateService",
        "GetCallerIdentity"}


def main(build):
    import awsmodel
    import proxy
    findings = peers.Findings()
    seen = {}
    for session in proxy.load(os.path.join(peers.folder(build), "recording.jsonl")):
        findings.expect(session["aws"], f"{session['session']}: no request was recorded")
        for exchange in session["aws"]:
            findings.cases += 1
            for what in [*awsmodel.judge_request(exchange), *awsmodel.judge_signature(exchange, KEY, SECRET)]:
                findings.add(what)
            name = awsmodel.operation(exchange).name
            seen[name] = seen.get(name, 0) + 1
    findings.expect(USED <= set(seen), f"never sent: {USED - set(seen)}")
    print("requests: " + ", ".join(f"{n} {c}" for n, c in sorted(seen.items())))
    return findings.finish("aws_requests")


# ---- what the judge must find

GOOD = {"cluster": "c", "service": "s", "status": ["SUCCESSFUL"], "maxResults": 10,
        "createdAt": {"after": 1700000000}}


def sample(body, target="AmazonEC2ContainerServiceV20141113.ListServiceDeployments", kind="application/x-amz-json-1.1",
           path="/", text=None):
    data = (text if text is not None else json.dumps(body)).encode()
    return {"method": "POST", "path": path, "body": base64.b64encode(data).decode(), "status": 200,
            "headers": [["Host", "127.0.0.1"], ["Content-Type", kind], ["X-Amz-Target", target],
                        ["X-Amz-Date", "20261122T120000Z"]]}


def changed(**what):
    return sample({**GOOD, **what})


def signed(exchange):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    request = AWSRequest(method="POST", url="http://127.0.0.1/", data=base64.b64decode(exchange["body"]),
                         headers={n: v for n, v in exchange["headers"] if n != "X-Amz-Date"})
    SigV4Auth(Credentials(KEY, SECRET), "ecs", "us-gov-east-1").add_auth(request)
    return {**exchange, "headers": [[n, v] for n, v in request.headers.items()]}


def spoiled(exchange, name, change):
    other = copy.deepcopy(exchange)
    other["headers"] = [[n, change(v) if n.lower() == name else v] for n, v in other["headers"]]
    return other


def rejects():
    import awsmodel
    findings = peers.Findings()
    good = signed(changed())
    findings.expect(not list(awsmodel.judge_request(good)), "a good request is refused")
    findings.expect(not list(awsmodel.judge_signature(good, KEY, SECRET)), "a good signature is refused")
    bad = {
        "an unknown member": changed(clusters="c"),
        "a missing one": sample({"cluster": "c"}),
        "a wrong type": changed(service=1),
        "a number in a text": changed(maxResults="10"),
        "a wrong enumeration": changed(status=["SUCCESS"]),
        "milliseconds instead of seconds": changed(createdAt={"after": 1700000000500}),
        "an unknown inner member": changed(createdAt={"since": 1700000000}),
        "an unknown operation": sample(GOOD, target="AmazonEC2ContainerServiceV20141113.ListDeployments"),
        "another service's prefix": sample(GOOD, target="AmazonECS.ListServiceDeployments"),
        "a wrong content type": sample(GOOD, kind="application/json"),
        "a wrong path": sample(GOOD, path="/ecs"),
        "no JSON": sample(None, text="{"),
        "a wrong version": {**sample(None, text="Action=GetCallerIdentity&Version=2011-06-16",
                                     kind="application/x-www-form-urlencoded"),
                            "headers": [["Host", "h"], ["Content-Type", "application/x-www-form-urlencoded"]]},
        "a form's unknown parameter": {**sample(None, text="Action=GetCallerIdentity&Version=2011-06-15&X=1"),
                                       "headers": [["Content-Type", "application/x-www-form-urlencoded"]]},
    }
    for name, exchange in bad.items():
        findings.expect(list(awsmodel.judge_request(exchange)), f"not found: {name}")
    for name, exchange in {
            "another body": {**good, "body": sample({**GOOD, "maxResults": 11})["body"]},
            "another date": spoiled(good, "x-amz-date", lambda v: v[:-3] + ("00Z" if v[-3:] != "00Z" else "01Z")),
            "another target": spoiled(good, "x-amz-target", lambda v: v + "s"),
            "an unsigned header": spoiled(good, "authorization", lambda v: v.replace(";x-amz-target", "")),
            "no signature": spoiled(good, "authorization", lambda v: "Bearer x")}.items():
        findings.expect(list(awsmodel.judge_signature(exchange, KEY, SECRET)), f"not found: {name}")
    return findings.finish("aws_requests --rejects")


if __name__ == "__main__":
    peers.need_python(sys.argv[1])
    sys.exit(rejects() if "--rejects" in sys.argv else main(sys.argv[1]))
