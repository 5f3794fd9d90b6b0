"""Includes point one way: base <- loop <- net <- aws <- ecs <- core <- {commands, chat} <- app, store on loop.

A header of include/ belongs to the layer of its folder; a header beside a .c is private to that folder; each
library of others is seen by the files that wrap it and by nobody else. Usage: layers.py ROOT
"""
import os
import re
import sys

import gate

BELOW = {
    "base": [],
    "loop": ["base"],
    "net": ["loop"],
    "aws": ["net"],
    "ecs": ["aws"],
    "store": ["loop"],
    "core": ["ecs", "store"],
    "commands": ["core"],
    "chat": ["core"],
    "app": ["commands", "chat"],
    # the simulators: worlds are pure, wires put them behind sockets
    "world": ["base"],
    "wire": ["world", "aws"],
    "sim": ["wire"],
}
FOLDERS = [  # the first that fits
    (r"bot/(base|loop|net|store|core|commands|chat)/", None),
    (r"bot/[^/]+$", "app"),
    (r"ecs/aws/", "aws"),
    (r"ecs/[^/]+$", "ecs"),
    (r"include/([a-z]+)/", None),
    (r"tests/sim/world_", "world"),
    (r"tests/sim/wire", "wire"),
    (r"tests/sim/", "sim"),
]
WRAPPED = [  # a header of others, and who may include it
    (r"uv(/.*)?\.h$", r"bot/(loop|net)/"),
    (r"curl/", r"bot/net/http[a-z_]*\.[ch]$"),
    (r"libwebsockets", r"bot/net/(ws|server)[a-z_]*\.[ch]$"),
    (r"sqlite3", r"bot/store/"),
    (r"expat", r"ecs/aws/xml\.c$"),
    (r"openssl/", r"bot/base/crypto\.c$"),
    (r"yaml\.h$", r"bot/config[a-z_]*\.[ch]$"),
]
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)


def layer_of(name):
    for pattern, layer in FOLDERS:
        match = re.match(pattern, name)
        if match:
            return layer or match.group(1)
    return None


def all_below(layer):
    found = {layer}
    for one in BELOW[layer]:
        found |= all_below(one)
    return found


def judge_wrapped(name, header):
    for pattern, allowed in WRAPPED:
        if re.match(pattern, header) and not re.match(allowed, name):
            return f"<{header}> is for {allowed.rstrip('$')} only"
    return None


def judge_own(root, name, layer, header):
    beside = os.path.join(os.path.dirname(name), header)
    if "/" not in header and os.path.isfile(os.path.join(root, beside)):
        target = beside  # private, or another header of the same include folder
    elif os.path.isfile(os.path.join(root, "include", header)):
        target = "include/" + header
    elif name.startswith("tests/sim/") and os.path.isfile(os.path.join(root, "tests", header)):
        target = "tests/" + header
    else:
        return f'"{header}" is no header of include/ and none beside this file'
    other = layer_of(target)
    if other not in all_below(layer):
        return f'{layer} may not include "{header}": {other} is not below it'
    return None


def main(root):
    findings = []
    for name in gate.files(root, ".c", ".h"):
        layer = layer_of(name)
        if layer is None:
            continue
        if layer not in BELOW:
            findings.append((name, 1, f"no such layer: {layer}"))
            continue
        text = gate.read(root, name)
        for match in INCLUDE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            own = match.group(1) == '"'
            why = judge_own(root, name, layer, match.group(2)) if own else judge_wrapped(name, match.group(2))
            if why:
                findings.append((name, line, why))
    gate.finish(findings)


main(sys.argv[1])
