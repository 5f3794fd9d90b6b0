#!/usr/bin/env python3
"""Write the Signature Version 4 vectors of sigv4/, a folder a case, judged by botocore.

    context            region, service, access_key, secret_key, date, keep_path: one "name value" a line
    request            "METHOD path?query", header lines "name:value", an empty line, the body to the end
    canonical_request  string_to_sign  authorization      what botocore makes of it, stage by stage

Needs python3 with botocore; no network.
"""
import hashlib
import pathlib
import shutil

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

ROOT = pathlib.Path(__file__).resolve().parent / "sigv4"
KEY = "AKIDEXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
DATE = "20261122T140208Z"
JSON = ("content-type", "application/x-amz-json-1.1")
FORM = ("content-type", "application/x-www-form-urlencoded; charset=utf-8")
TOKEN = ("x-amz-security-token", "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJHMEUCIQD+/=")


def ecs(operation):
    return ("x-amz-target", f"AmazonEC2ContainerServiceV20141113.{operation}")


def post(headers, body, **more):
    return dict(method="POST", headers=headers, body=body, **more)


def get(**more):
    return dict(method="GET", headers=more.pop("headers", []), body=b"", **more)


UPDATE = b'{"cluster":"tak-vpc-cotak-prod","service":"tak-cloudtak-cotak-prod","forceNewDeployment":true}'
CASES = {
    "ecs-post-json": post([JSON, ecs("UpdateService")], UPDATE),
    "ecs-post-json-session-token": post([JSON, ecs("UpdateService"), TOKEN], UPDATE),
    "ecs-post-govcloud": post([JSON, ecs("DescribeServices")], b"{}", region="us-gov-east-1",
                              host="ecs-fips.us-gov-east-1.amazonaws.com"),
    "ecs-post-china": post([JSON, ecs("ListTasks")], b"{}", region="cn-north-1",
                           host="ecs.cn-north-1.amazonaws.com.cn"),
    "ecs-post-utf8-body": post([JSON, ecs("StopTask")], '{"reason":"Ana Müller 再起動 🚑"}'.encode()),
    "ecs-post-empty-body": post([JSON, ecs("ListClusters")], b""),
    "ecs-post-nul-bytes": post([JSON, ecs("ListClusters")], b"a\0b\0\xff"),
    "ecs-post-large-body": post([JSON, ecs("DescribeTasks")], b"x" * 20000),
    "ecs-post-host-with-port": post([JSON, ecs("ListClusters")], b"{}", host="127.0.0.1:4566"),
    "ecs-post-host-ipv6": post([JSON, ecs("ListClusters")], b"{}", host="[::1]:8080"),
    "sts-post-form": post([FORM], b"Action=GetCallerIdentity&Version=2011-06-15", service="sts",
                          host="sts.us-east-1.amazonaws.com"),
    "elbv2-post-form": post([FORM], b"Action=DescribeTargetHealth&Version=2015-12-01",
                            service="elasticloadbalancing",
                            host="elasticloadbalancing.us-east-1.amazonaws.com"),
    "monitoring-post-json": post([("content-type", "application/x-amz-json-1.0"),
                                  ("x-amz-target", "GraniteServiceVersion20100801.GetMetricData")], b"{}",
                                 service="monitoring", host="monitoring-fips.us-east-1.amazonaws.com"),
    "logs-post-custom-date": post([JSON, ("x-amz-target", "Logs_20140328.GetLogEvents")], b"{}",
                                  service="logs", host="logs.us-east-1.amazonaws.com",
                                  date="20240229T235959Z"),
    "get-plain": get(),
    "get-last-second-of-year": get(date="20251231T235959Z"),
    "get-header-blanks": get(headers=[("x-amz-note", "   many   blanks \t and  tabs  ")]),
    "get-header-empty": get(headers=[("x-amz-note", "")]),
    "get-header-case": get(headers=[("X-Amz-NOTE", "Value KEEPS Case"), ("Content-Type", "text/plain")]),
    "get-header-repeated": get(headers=[("x-amz-note", "second"), ("x-amz-note", "first"),
                                        ("x-amz-note", "third")]),
    "get-header-prefix-names": get(headers=[("x-amz-foo-bar", "2"), ("x-amz-foo", "1"), ("x-amz-foo1", "3")]),
    "get-header-utf8": get(headers=[("x-amz-note", "Größe")]),
    "get-query-sorted": get(query="Zeta=1&Alpha=2&alpha=3&Beta=4"),
    "get-query-same-name": get(query="Param=value2&Param=value1&Param=value10"),
    "get-query-prefix-names": get(query="Param-3=c&Param=a&Param1=b"),
    "get-query-valueless": get(query="versions=&acl="),
    "get-query-valueless-bare": get(query="versions&acl", params=[("acl", ""), ("versions", "")]),
    "get-query-unencoded": get(query="arn=arn:aws:iam::123456789012:role/bot*&at=a=b",
                               params=[("arn", "arn:aws:iam::123456789012:role/bot*"), ("at", "a=b")]),
    "get-query-lower-hex": get(query="role_name=Ops%2fNight%7e", params=[("role_name", "Ops/Night~")]),
    "get-query-utf8": get(query="q=%E1%88%B4", params=[("q", "\u1234")]),
    "get-query-encoded-space": get(query="q=a%20b&r=a%2Bb"),
    "get-path-dot-segments": get(path="/one/./two/../three"),
    "get-path-above-root": get(path="/../../one"),
    "get-path-double-slash": get(path="//one//two/"),
    "get-path-utf8": get(path="/\u1234"),
    "get-path-encoded-twice": get(path="/a%20b"),
    "get-path-special": get(path="/a:b*c(d)~e"),
    "get-path-kept": get(path="/one/../two//three", keep=True, service="s3",
                         host="s3.us-east-1.amazonaws.com"),
}


class Fixed:
    """botocore's signer at a fixed time, without the header changes of add_auth."""

    def __init__(self, case):
        kind = S3SigV4Auth if case.get("keep") else SigV4Auth
        self.signer = kind(Credentials(KEY, SECRET), case["service"], case["region"])

    def stages(self, request):
        canonical = self.signer.canonical_request(request)
        to_sign = self.signer.string_to_sign(request, canonical)
        names = self.signer.signed_headers(self.signer.headers_to_sign(request))
        authorization = (f"AWS4-HMAC-SHA256 Credential={self.signer.scope(request)}, SignedHeaders={names}, "
                         f"Signature={self.signer.signature(to_sign, request)}")
        return canonical, to_sign, authorization


def write(name, case):
    case = {"region": "us-east-1", "service": "ecs", "host": "ecs.us-east-1.amazonaws.com", "path": "/",
            "query": "", "date": DATE, **case}
    headers = [("host", case["host"]), ("x-amz-date", case["date"]), *case["headers"]]
    url = f"https://{case['host']}{case['path']}"
    if case["query"] and "params" not in case:
        url += "?" + case["query"]
    request = AWSRequest(method=case["method"], url=url, data=case["body"], params=case.get("params"))
    request.headers = HTTPHeaders()
    for key, value in headers:
        request.headers.add_header(key, value)
    request.context["timestamp"] = case["date"]
    request.context["payload_signing_enabled"] = True
    if case.get("keep"):
        digest = hashlib.sha256(case["body"]).hexdigest()
        headers.append(("x-amz-content-sha256", digest))
        request.headers.add_header("x-amz-content-sha256", digest)
    stages = Fixed(case).stages(request)
    folder = ROOT / name
    folder.mkdir(parents=True)
    target = case["path"] + ("?" + case["query"] if case["query"] else "")
    head = f"{case['method']} {target}\n" + "".join(f"{k}:{v}\n" for k, v in headers) + "\n"
    (folder / "request").write_bytes(head.encode() + case["body"])
    (folder / "context").write_text(
        f"region {case['region']}\nservice {case['service']}\naccess_key {KEY}\nsecret_key {SECRET}\n"
        f"date {case['date']}\nkeep_path {int(bool(case.get('keep')))}\n")
    for stage, text in zip(("canonical_request", "string_to_sign", "authorization"), stages):
        (folder / stage).write_bytes(text.encode())


def main():
    shutil.rmtree(ROOT, ignore_errors=True)
    for name, case in CASES.items():
        write(name, case)
    print(len(CASES), "cases")


if __name__ == "__main__":
    main()
