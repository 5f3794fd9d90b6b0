#!/usr/bin/env python3
"""Our signatures against botocore's, on random requests: the canonical request and the Authorization must be equal, byte by byte.

sigv4.py BUILD [--seed N] [--count N]
"""
import argparse
import json
import os
import random
import subprocess
import sys
import time
import urllib.parse

import peers

NAMES = ["accept", "content-type", "x-amz-target", "x-amz-security-token", "x-amz-meta-a", "x-amz-meta-ab", "x-a", "x-b-c",
         "range", "x-amz-content-note", "amz-sdk-request", "If-Match", "X-Amz-UPPER"]
# All that JSON and HTTP let through: unreserved, reserved, blanks, letters beyond ASCII.
PATH = list("abcXYZ019-_.~!$&'()*+,;=:@") + ["%20", "%2F", "%7E", "%e4", "é", "漢", " "]
VALUE = list("abcXYZ 019-_.~!$&'()*+,;=:@/?\"<>[]{}|\\^`\t") + ["  ", "é"]
BODY = list("abc {}[]\":,0123\n") + ["é", "漢", "😀", "\x01"]


def text(rng, letters, most, least=0):
    return "".join(rng.choice(letters) for _ in range(rng.randint(least, most)))


def segment(rng):
    return rng.choice([text(rng, PATH, 8), text(rng, PATH, 8), ".", "..", "", "..."])


def path(rng):
    """botocore drops the slash that follows a final dot segment ("/a/./" reads as "/a"), against RFC 3986 and AWS's own
    signer: such paths are not made here, and nobody sends them."""
    segments = [segment(rng) for _ in range(rng.randint(0, 5))]
    while segments and segments[-1] in (".", "..", ""):
        segments.pop()
    return "/" + "/".join(segments)


def query(rng):
    """What must be escaped is, and nothing else: botocore takes a query that escapes more ("%39" for "9") as it stands,
    where AWS, its test suite and we decode first and escape again."""
    def escaped(letters, least):
        return urllib.parse.quote(text(rng, letters, 6, least), safe="-_.~")
    pairs = []
    for _ in range(rng.randint(0, 6)):
        name = escaped(VALUE, 1)
        pairs.append(rng.choice([name, name + "=", name + "=" + escaped(VALUE, 0), name + "=" + escaped(VALUE, 0)]))
    if pairs and rng.random() < 0.3:
        pairs.append(pairs[0])
    return "&".join(pairs)


def request(rng):
    names = rng.sample(NAMES, rng.randint(0, 8))
    host = rng.choice(["ecs.us-gov-east-1.amazonaws.com", "127.0.0.1:8080", "sts.amazonaws.com", "[::1]:99"])
    day = "%04d%02d%02d" % (rng.randint(2015, 2037), rng.randint(1, 12), rng.randint(1, 28))
    date = day + "T%02d%02d%02dZ" % (rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59))
    headers = [["Host", host], ["X-Amz-Date", date]] + [[n, text(rng, VALUE, 30)] for n in names]
    rng.shuffle(headers)
    return {"method": rng.choice(["GET", "POST", "PUT", "DELETE"]), "path": path(rng), "query": query(rng),
            "headers": headers, "body": text(rng, BODY, rng.choice([0, 20, 400])), "date": date,
            "region": rng.choice(["us-gov-east-1", "us-east-1", "cn-north-1", "eu-central-1"]),
            "service": rng.choice(["ecs", "sts", "logs", "monitoring", "elasticloadbalancing"]),
            "access_key": "AKIA" + text(rng, list("ABCDEF012345"), 16, 12),
            "secret_key": text(rng, list("abcdefXYZ0123456789/+"), 40, 20)}


def by_botocore(r):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    host = dict((n.lower(), v) for n, v in r["headers"])["host"]
    url = "https://" + host + r["path"] + ("?" + r["query"] if r["query"] else "")
    asked = AWSRequest(method=r["method"], url=url, data=r["body"].encode())
    for name, value in r["headers"]:
        asked.headers[name] = value
    asked.context["timestamp"] = r["date"]
    auth = SigV4Auth(Credentials(r["access_key"], r["secret_key"]), r["service"], r["region"])
    canonical = auth.canonical_request(asked)
    signed = auth.headers_to_sign(asked)
    signature = auth.signature(auth.string_to_sign(asked, canonical), asked)
    return canonical, (f"AWS4-HMAC-SHA256 Credential={auth.scope(asked)}, SignedHeaders={auth.signed_headers(signed)}, "
                       f"Signature={signature}")


OTHER = {
    "another body": lambda r: {"body": r["body"] + "x"},
    "another secret": lambda r: {"secret_key": "x" + r["secret_key"][1:]},
    "another region": lambda r: {"region": "us-gov-west-1"},
    "another method": lambda r: {"method": "PATCH"},
    "another path": lambda r: {"path": r["path"] + "x"},
    "another header": lambda r: {"headers": [[n, v + "x" if n == "Host" else v] for n, v in r["headers"]]},
}


def main():
    p = argparse.ArgumentParser()
    p.add_argument("build")
    p.add_argument("--seed", type=int, default=int(time.time()))
    p.add_argument("--count", type=int, default=2000)
    a = p.parse_args()
    peers.need_python(a.build)
    print(f"seed {a.seed}")
    rng = random.Random(a.seed)
    requests = [request(rng) for _ in range(a.count)]
    done = subprocess.run([os.path.join(a.build, "tests", "conformance", "conformance_sign")], text=True, capture_output=True, check=False,
                          input="".join(json.dumps(r) + "\n" for r in requests), timeout=100)
    ours = [json.loads(line) for line in done.stdout.splitlines()]
    findings = peers.Findings()
    findings.expect(done.returncode == 0 and len(ours) == a.count,
                    f"our signer ends with {done.returncode} after {len(ours)} requests: {done.stderr[-300:]}")
    for wanted, got in zip(requests, ours):
        canonical, authorization = by_botocore(wanted)
        findings.expect(got["canonical"] == canonical,
                        f"{json.dumps(wanted)}\n--- botocore\n{canonical}\n--- ours\n{got['canonical']}")
        findings.expect(got["authorization"] == authorization,
                        f"{json.dumps(wanted)}: {got['authorization']}, by botocore {authorization}")
        if len(findings.counts) > 5:
            break
    for name, change in OTHER.items():  # what is not the same must not look the same
        for wanted, got in list(zip(requests, ours))[:20]:
            findings.expect(by_botocore({**wanted, **change(wanted)})[1] != got["authorization"], f"signed alike with {name}")
    return findings.finish("sigv4")


if __name__ == "__main__":
    sys.exit(main())
