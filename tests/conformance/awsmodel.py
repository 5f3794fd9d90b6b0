"""AWS's own description of its API, as botocore carries it, laid beside what was sent and answered.

botocore alone forgives too much: its validator knows no enumerations and its parser drops unknown keys silently.
The walker here follows the shapes itself; validator, serializer and parser are asked as well.
"""
import datetime
import json
import urllib.parse
import xml.etree.ElementTree

import botocore.loaders
import botocore.model
import botocore.parsers
import botocore.serialize
import botocore.validate
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from proxy import answer_of, body_of, header

# Errors that every operation may answer with and that no model lists: AWS General Reference, "Common errors".
COMMON = {
    "AccessDeniedException", "ExpiredTokenException", "IncompleteSignatureException", "InternalFailure",
    "InvalidSignatureException", "MissingAuthenticationTokenException", "NotAuthorized", "OptInRequired",
    "RequestExpired", "RequestTimeoutException", "ServiceUnavailable", "ServiceUnavailableException",
    "ThrottlingException", "UnknownOperationException", "UnrecognizedClientException", "ValidationException",
    # their names in the query protocol
    "AccessDenied", "ExpiredToken", "IncompleteSignature", "InvalidAction", "InvalidClientTokenId",
    "MissingAuthenticationToken", "SignatureDoesNotMatch", "Throttling", "ValidationError",
}
LOADER = botocore.loaders.Loader()
MODELS = {}


def model(service):
    if service not in MODELS:
        MODELS[service] = botocore.model.ServiceModel(LOADER.load_service_model(service, "service-2"), service)
    return MODELS[service]


class Unknown(Exception):
    """The request names no operation of AWS."""


def operation(exchange):
    """The operation that a request asks for, by AWS's models; Unknown when none does."""
    target = header(exchange, "X-Amz-Target")
    if is_cbor(exchange):
        service, _, name = exchange["path"].removeprefix("/service/").partition("/operation/")
        if service == model("cloudwatch").metadata["targetPrefix"] and name in model("cloudwatch").operation_names:
            return model("cloudwatch").operation_model(name)
        raise Unknown(f"{exchange['path']} is no operation of AWS")
    if target is not None:
        for service in ("ecs", "logs", "ecr", "cloudwatch", "application-autoscaling"):
            if target.startswith(model(service).metadata["targetPrefix"] + "."):
                name = target.split(".", 1)[1]
                if name in model(service).operation_names:
                    return model(service).operation_model(name)
        raise Unknown(f"X-Amz-Target {target} is no operation of AWS")
    form = dict(urllib.parse.parse_qsl(body_of(exchange).decode()))
    for service in ("sts", "elbv2", "cloudformation"):
        if form.get("Action") in model(service).operation_names and form.get("Version") == model(service).api_version:
            return model(service).operation_model(form["Action"])
    raise Unknown(f"Action {form.get('Action')}, Version {form.get('Version')} is no operation of AWS")


def is_cbor(exchange):
    return header(exchange, "smithy-protocol") == "rpc-v2-cbor"


def cbor_value(body):
    parser = botocore.parsers.create_parser("smithy-rpc-v2-cbor")
    return parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))


# ---- values beside their shapes

SCALARS = {
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool) and -2**31 <= v < 2**31,
    "long": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "double": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "float": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    # json 1.1: seconds since the epoch; AWS writes no others here. CBOR: a tag of its own
    "timestamp": lambda v: isinstance(v, datetime.datetime) or (
        isinstance(v, (int, float)) and not isinstance(v, bool) and 0 < v < 4102444800),
    "blob": lambda v: isinstance(v, str),
}


def walk(shape, value, path=""):
    """What is wrong with a JSON value of that shape: unknown and missing members, types, enumerations."""
    kind = shape.type_name
    if kind == "structure":
        if not isinstance(value, dict):
            yield f"{path}: a structure is needed"
            return
        for name, inner in value.items():
            if name not in shape.members:
                yield f"{path}.{name}: AWS knows no such member"
            else:
                yield from walk(shape.members[name], inner, f"{path}.{name}")
        for name in shape.required_members:
            if name not in value:
                yield f"{path}.{name}: required, and missing"
    elif kind == "list":
        if not isinstance(value, list):
            yield f"{path}: a list is needed"
            return
        for inner in value:
            yield from walk(shape.member, inner, f"{path}[]")
    elif kind == "map":
        if not isinstance(value, dict):
            yield f"{path}: a map is needed"
            return
        for name, inner in value.items():
            yield from walk(shape.key, name, f"{path}{{key}}")
            yield from walk(shape.value, inner, f"{path}{{}}")
    elif not SCALARS[kind](value):
        yield f"{path}: {kind} is needed, not {json.dumps(value)}"
    elif kind == "string" and shape.enum and value not in shape.enum:
        yield f"{path}: {json.dumps(value)} is none of AWS's values {shape.enum}"


def walk_xml(shape, element, path=""):
    """The same for the query protocol's answers (structures, lists and texts)."""
    if shape.type_name == "structure":
        names = {inner.serialization.get("name", name): inner for name, inner in shape.members.items()}
        for child in element:
            name = child.tag.split("}")[-1]
            if name not in names:
                yield f"{path}.{name}: AWS knows no such element"
            else:
                yield from walk_xml(names[name], child, f"{path}.{name}")
        for name in shape.required_members:
            if name not in [c.tag.split("}")[-1] for c in element]:
                yield f"{path}.{name}: required, and missing"
    elif shape.type_name == "list":
        for child in element:
            if child.tag.split("}")[-1] != shape.member.serialization.get("name", "member"):
                yield f"{path}: an item is called {child.tag}"
            else:
                yield from walk_xml(shape.member, child, f"{path}[]")
    elif len(element):
        yield f"{path}: text is needed, not elements"
    elif shape.type_name == "string" and shape.enum and (element.text or "") not in shape.enum:
        yield f"{path}: {element.text!r} is none of AWS's values"


# ---- requests

def parameters(shape, value):
    """A JSON value as a caller would give it to botocore."""
    if shape.type_name == "structure" and isinstance(value, dict):
        return {n: parameters(shape.members[n], v) if n in shape.members else v for n, v in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [parameters(shape.member, v) for v in value]
    if shape.type_name == "timestamp":
        return datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
    return value


def judge_query_request(op, exchange):
    form = dict(urllib.parse.parse_qsl(body_of(exchange).decode(), keep_blank_values=True, strict_parsing=True))
    given = {n: v for n, v in form.items() if n not in ("Action", "Version")}
    shape = op.input_shape
    for name in given:
        if shape is None or name not in shape.members:
            yield f"parameter {name} is not known to AWS"
            return
    yield from walk(shape, given) if shape else ()
    wanted = botocore.serialize.create_serializer("query").serialize_to_request(given, op)
    if wanted["body"] != form:
        yield f"botocore would send {wanted['body']}, not {form}"
    kind = header(exchange, "Content-Type")
    if kind.split(";")[0] != "application/x-www-form-urlencoded":
        yield f"Content-Type {kind}"


def judge_json_request(op, exchange):
    version = op.service_model.metadata["jsonVersion"]
    if header(exchange, "Content-Type") != f"application/x-amz-json-{version}":
        yield f"Content-Type {header(exchange, 'Content-Type')}"
    try:
        given = json.loads(body_of(exchange))
    except ValueError:
        yield "the body is no JSON"
        return
    wrong = list(walk(op.input_shape, given))
    yield from wrong
    if wrong:
        return
    params = parameters(op.input_shape, given)
    report = botocore.validate.ParamValidator().validate(params, op.input_shape)
    if report.has_errors():
        yield report.generate_report()
    wanted = botocore.serialize.create_serializer("json").serialize_to_request(params, op)
    if json.loads(wanted["body"]) != given:
        yield f"botocore would send {wanted['body']}, not {given}"
    if wanted["headers"]["X-Amz-Target"] != header(exchange, "X-Amz-Target"):
        yield f"botocore would send X-Amz-Target {wanted['headers']['X-Amz-Target']}"


def judge_request(exchange):
    """What AWS's models have against this request."""
    try:
        op = operation(exchange)
    except Unknown as unknown:
        yield str(unknown)
        return
    if (exchange["method"], exchange["path"]) != ("POST", "/"):
        yield f"{op.name}: {exchange['method']} {exchange['path']} instead of POST /"
    judge = judge_json_request if header(exchange, "X-Amz-Target") else judge_query_request
    for what in judge(op, exchange):
        yield f"{op.name}: {what}"


def judge_signature(exchange, key, secret):
    """Is the request signed as botocore would, and is everything signed that AWS wants signed?"""
    given = header(exchange, "Authorization")
    if given is None or not given.startswith("AWS4-HMAC-SHA256 "):
        yield "no Signature Version 4"
        return
    parts = dict(p.strip().split("=", 1) for p in given.split(" ", 1)[1].split(","))
    access, day, region, service, end = parts["Credential"].split("/")
    signed = parts["SignedHeaders"].split(";")
    for name, _ in exchange["headers"]:
        low = name.lower()
        if (low in ("host", "content-type") or low.startswith("x-amz-")) and low not in signed:
            yield f"the header {name} is not signed"
    request = AWSRequest(method=exchange["method"], url="http://" + header(exchange, "Host") + exchange["path"],
                         data=body_of(exchange))
    for name in signed:
        if header(exchange, name) is None:
            yield f"the header {name} is signed, but was not sent"
            return
        request.headers[name] = header(exchange, name)
    request.context["timestamp"] = header(exchange, "X-Amz-Date")
    auth = SigV4Auth(Credentials(key, secret), service, region)
    wanted = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    if (access, end, day) != (key, "aws4_request", header(exchange, "X-Amz-Date")[:8]) or parts["Signature"] != wanted:
        yield f"{service}: signature {parts['Signature']}, botocore makes {wanted}"


# ---- answers

def error_code(exchange):
    if is_cbor(exchange):
        return cbor_value(answer_of(exchange)).get("__type", "").split("#")[-1]
    if header(exchange, "X-Amz-Target"):
        return json.loads(answer_of(exchange)).get("__type", "").split("#")[-1]
    root = xml.etree.ElementTree.fromstring(answer_of(exchange))
    found = [e.text for e in root.iter() if e.tag.split("}")[-1] == "Code"]
    return found[0] if found else ""


def judge_error(op, exchange):
    code = error_code(exchange)
    modelled = {name for e in op.error_shapes for name in (e.name, e.error_code)} if op else set()
    if code not in modelled | COMMON:
        yield f"{op.name if op else 'no operation'}: the error {code!r} is none that AWS gives here"
    parsed = botocore.parsers.create_parser(protocol(exchange)).parse(
        {"body": answer_of(exchange), "headers": dict(lower(exchange)), "status_code": exchange["status"]},
        op.output_shape if op else None)
    if parsed.get("Error", {}).get("Code") != code or not parsed["Error"].get("Message"):
        yield f"{op.name if op else 'no operation'}: botocore reads the error as {parsed.get('Error')}"
    if not parsed["ResponseMetadata"].get("RequestId"):
        yield f"{code}: no request id that botocore finds"


def protocol(exchange):
    return "smithy-rpc-v2-cbor" if is_cbor(exchange) else "json" if header(exchange, "X-Amz-Target") else "query"


def lower(exchange):
    return [(n.lower(), v) for n, v in exchange["answer_headers"]]


def judge_answer(exchange):
    """What AWS's models have against this answer."""
    try:
        op = operation(exchange)
    except Unknown:
        op = None
    if exchange["status"] != 200:
        yield from judge_error(op, exchange)
        return
    if op is None:
        yield "200 to what is no operation of AWS"
        return
    is_json = header(exchange, "X-Amz-Target") is not None
    answer = {"body": answer_of(exchange), "headers": dict(lower(exchange)), "status_code": 200}
    try:
        parsed = botocore.parsers.create_parser(protocol(exchange)).parse(answer, op.output_shape)
    except Exception as trouble:  # whatever it is that botocore stumbles over
        yield f"{op.name}: botocore cannot read it: {trouble}"
        return
    if not parsed["ResponseMetadata"].get("RequestId"):
        yield f"{op.name}: no request id that botocore finds"
    kind = header(exchange, "Content-Type", "answer_headers")
    if is_cbor(exchange):
        if kind != "application/cbor" or header(exchange, "smithy-protocol", "answer_headers") != "rpc-v2-cbor":
            yield f"{op.name}: Content-Type {kind}"
        wrong = walk(op.output_shape, cbor_value(answer["body"]))
    elif is_json:
        if kind != f"application/x-amz-json-{op.service_model.metadata['jsonVersion']}":
            yield f"{op.name}: Content-Type {kind}"
        wrong = walk(op.output_shape, json.loads(answer["body"]))
    else:
        root = xml.etree.ElementTree.fromstring(answer["body"])
        names = [c.tag.split("}")[-1] for c in root]
        if kind != "text/xml" or root.tag != "{%s}%sResponse" % (op.service_model.metadata["xmlNamespace"], op.name) or \
                names != [op.output_shape.serialization.get("resultWrapper"), "ResponseMetadata"]:
            yield f"{op.name}: {kind} {root.tag} {names}"
        wrong = walk_xml(op.output_shape, root[0])
    for what in wrong:
        yield f"{op.name}: {what}"
