#!/usr/bin/env python3
"""Every message that the bot gave to Slack in the recording: its types are judged by the TypeScript compiler with Slack's own declarations, its lengths and counts by the table below.

slack_messages.py BUILD             slack_messages.py BUILD --rejects
"""
import json
import os
import re
import subprocess
import sys

import peers

TYPES = {"chat.postMessage": "ChatPostMessageArguments", "chat.update": "ChatUpdateArguments",
         "chat.postEphemeral": "ChatPostEphemeralArguments"}
ACK_MOST = 20479  # bytes; Slack closes the socket on more: facts of Slack's Socket Mode, and its node client


# ---- lengths. Characters are counted as UTF-16 units, the strictest reading of Slack's "characters".

def units(text):
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


# Path in a block or element -> least, most. Sources: docs.slack.dev, reference/block-kit, the page of that block or element.
LENGTHS = {
    ("section", "text.text"): (1, 3000),            # blocks/section: "Minimum length … 1 and maximum length … 3000"
    ("section", "block_id"): (1, 255),              # every block: "Maximum length … 255 characters"
    ("section", "fields[].text"): (1, 2000),        # blocks/section: "Maximum length for the text in each item is 2000"
    ("header", "text.text"): (1, 150),              # blocks/header: "Maximum length … 150 characters"
    ("header", "block_id"): (1, 255),
    ("context", "elements[].text"): (1, 3000),      # composition-objects/text: "minimum length is 1, maximum 3000"
    ("context", "elements[].alt_text"): (1, 2000),
    ("context", "block_id"): (1, 255),
    ("actions", "block_id"): (1, 255),
    ("divider", "block_id"): (1, 255),
    ("image", "image_url"): (1, 3000),              # blocks/image: "Maximum length … 3000"
    ("image", "alt_text"): (1, 2000),               # blocks/image: "Maximum length … 2000"
    ("image", "block_id"): (1, 255),
    ("button", "text.text"): (1, 75),               # block-elements/button: "Maximum length … 75 characters"
    ("button", "value"): (1, 2000),                 # "Maximum length is 2000 characters"
    ("button", "url"): (1, 3000),                   # "Maximum length is 3000 characters"
    ("button", "action_id"): (1, 255),              # "Maximum length is 255 characters"
    ("button", "accessibility_label"): (1, 75),     # "Maximum length is 75 characters"
    ("button", "confirm.title.text"): (1, 100),     # composition-objects/confirmation-dialog: "Maximum length … 100"
    ("button", "confirm.text.text"): (1, 300),      # "Maximum length … 300"
    ("button", "confirm.confirm.text"): (1, 30),    # "Maximum length … 30"
    ("button", "confirm.deny.text"): (1, 30),       # "Maximum length … 30"
}
COUNTS = {
    ("section", "fields"): (1, 10),                 # blocks/section: "Maximum number of items is 10"
    ("context", "elements"): (1, 10),               # blocks/context: "Maximum number of items is 10"
    ("actions", "elements"): (1, 25),               # blocks/actions: "maximum of 25 elements in each action block"
}
TEXT_MOST = {
    "chat.postMessage": 40000,                      # chat.postMessage: truncated after 40,000 characters
    "chat.postEphemeral": 40000,
    "chat.update": 4000,                            # chat.update: msg_too_long above 4,000 characters
    "ack": 4000,
}
BLOCKS_MOST = 50                                    # reference/block-kit/blocks: "up to 50 blocks in each message"
KINDS = {"section", "header", "context", "actions", "divider", "image"}
MENTIONS = re.compile(r"<!(channel|here|everyone)\b")


def values(node, path):
    """What lies at "fields[].text"; nothing when the way ends before."""
    head, _, rest = path.partition(".")
    many = head.endswith("[]")
    if not isinstance(node, dict) or head.rstrip("[]") not in node:
        return
    inner = node[head.rstrip("[]")]
    for one in inner if many else [inner]:
        if rest:
            yield from values(one, rest)
        else:
            yield one


def judge_node(kind, node):
    for (of, path), (least, most) in LENGTHS.items():
        for value in values(node, path) if of == kind else ():
            if not isinstance(value, str) or not least <= units(value) <= most:
                yield f"{kind} {path}: {units(str(value))} characters, allowed are {least} to {most}"
    for (of, path), (least, most) in COUNTS.items():
        for value in values(node, path) if of == kind else ():
            if not least <= len(value) <= most:
                yield f"{kind} {path}: {len(value)} of them, allowed are {least} to {most}"


def judge_blocks(blocks):
    if len(blocks) > BLOCKS_MOST:
        yield f"{len(blocks)} blocks, allowed are {BLOCKS_MOST}"
    ids = [b["block_id"] for b in blocks if "block_id" in b]
    if len(ids) != len(set(ids)):
        yield "two blocks of one block_id"
    for block in blocks:
        kind = block.get("type")
        if kind not in KINDS:
            yield f"a block of the kind {kind}: the table of lengths does not know it"
            continue
        yield from judge_node(kind, block)
        elements = [e for e in block.get("elements", []) + [block.get("accessory")] if e]
        actions = [e["action_id"] for e in elements if "action_id" in e]
        if len(actions) != len(set(actions)):
            yield f"{kind}: two elements of one action_id"
        for element in elements:
            if element["type"] not in ("button", "mrkdwn", "plain_text", "image"):
                yield f"an element of the kind {element['type']}: the table of lengths does not know it"
            yield from judge_node(element["type"], element)


def judge_texts(node):
    """What Slack would make of a text by itself: mentions, and links that nobody wrote."""
    if isinstance(node, dict):
        if node.get("type") == "mrkdwn" and node.get("verbatim") is not True:
            yield "a mrkdwn text that Slack may read names and links into: verbatim is not set"
        for value in node.values():
            yield from judge_texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from judge_texts(value)
    elif isinstance(node, str) and MENTIONS.search(node):
        yield "a mention of everybody"


def judge_lengths(method, message):
    text, blocks = message.get("text", ""), message.get("blocks") or []
    if not text:
        yield "no text: notifications and screen readers would have nothing to say"
    if units(text) > TEXT_MOST[method]:
        yield f"text: {units(text)} characters, allowed are {TEXT_MOST[method]}"
    if method == "ack" and len(json.dumps(message).encode()) > ACK_MOST - 100:
        yield "an ack too long for its frame"
    yield from judge_blocks(blocks)
    yield from judge_texts(message)


# ---- types

HEAD = """import type {{ {types} }} from '@slack/web-api';
import type {{ KnownBlock }} from '@slack/types';
export const all: [{types}] | KnownBlock[] = [];
"""


def compile_messages(found, messages):
    """What tsc says: a dictionary from a message's number to its complaints."""
    place = os.path.join(found["node_folder"], "judged")
    os.makedirs(place, exist_ok=True)
    lines = HEAD.format(types=", ".join(TYPES.values())).splitlines()
    owners = {}
    for n, (method, message) in enumerate(messages):
        if method in TYPES:
            lines.append(f"export const m{n}: {TYPES[method]} = {json.dumps(message)};")
            owners[len(lines)] = n
        if message.get("blocks"):
            lines.append(f"export const b{n}: KnownBlock[] = {json.dumps(message['blocks'])};")
            owners[len(lines)] = n
    with open(os.path.join(place, "messages.ts"), "w", encoding="utf-8") as f:
        f.write("\n".join(lines) + "\n")
    tsc = os.path.join(found["node_folder"], "node_modules", "typescript", "bin", "tsc")
    done = subprocess.run([found["node"], tsc, "--noEmit", "--strict", "--skipLibCheck", "--target", "es2020", "--module", "commonjs",
                           "--moduleResolution", "node", "--pretty", "false", "messages.ts"], cwd=place, text=True,
                          capture_output=True, timeout=200, stdin=subprocess.DEVNULL, check=False)
    complaints = {}
    for line, what in re.findall(r"^messages\.ts\((\d+),\d+\): error (.*(?:\n +.*)*)", done.stdout, re.M):
        complaints.setdefault(owners.get(int(line)), []).append(re.sub(r"\s+", " ", what)[-400:])
    if done.returncode and not complaints:
        raise AssertionError("tsc: " + done.stdout[-2000:] + done.stderr[-2000:])
    return complaints


# ---- the recording

def recorded(build):
    """(method, message) of every message that was sent, each different one once."""
    import proxy
    found = {}
    for session in proxy.load(os.path.join(peers.folder(build), "recording.jsonl")):
        for exchange in session["slack"]:
            method = exchange["path"].split("/api/")[-1].split("?")[0]
            if method in TYPES:
                body = proxy.body_of(exchange).decode()
                found.setdefault((method, body), None)
        for payload in session["acks"]:
            found.setdefault(("ack", json.dumps(payload)), None)
    return [(method, json.loads(body)) for method, body in found]


def main(build):
    found = peers.need_node(build)
    messages = recorded(build)
    findings = peers.Findings()
    for method in TYPES:
        count = len([m for m, _ in messages if m == method])
        findings.expect(count >= 20, f"only {count} messages of {method} were recorded")
        print(f"{method}: {count} different messages")
    for method, message in messages:
        findings.cases += 1
        for what in judge_lengths(method, message):
            findings.add(f"{method}: {what}")
    for n, complaints in compile_messages(found, messages).items():
        for what in complaints:
            findings.add(f"{messages[n][0] if n is not None else 'no message'}: {what}")
    return findings.finish("slack_messages")


# ---- what the judge must find

def section(text="x", **more):
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}, **more}


def button(**more):
    return {"type": "actions", "elements": [{"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "B"}, **more}]}


def dialog(**more):
    def plain(text):
        return {"type": "plain_text", "text": text}
    return {"title": plain("t"), "text": plain("x"), "confirm": plain("y"), "deny": plain("n"), **more}


def post(*blocks, **more):
    return {"channel": "C1", "text": "x", "blocks": list(blocks), **more}


GOOD = [("chat.postMessage", post(section(), button(style="danger", value="v", confirm=dialog()), {"type": "divider"},
                                  metadata={"event_type": "e", "event_payload": {"key": "k"}}, parse="none")),
        ("chat.update", {**post(section("x" * 3000)), "ts": "1.1"}),
        ("chat.postEphemeral", {**post(section()), "user": "U1"})]
BAD_TYPES = {
    "an unknown style": post(button(style="red")),
    "a header of mrkdwn": post({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}),
    "no channel": {"text": "x", "blocks": [section()]},
    "a button's text of mrkdwn": post({"type": "actions", "elements": [{"type": "button", "text": {"type": "mrkdwn", "text": "x"}}]}),
    "a block of no kind": post({"type": "paragraph", "text": "x"}),
    "a number for a value": post(button(value=7)),
    "an unknown parse": post(section(), parse="some"),
    "a misspelt argument": post(section(), unfurl_link=False),
    "a dialog without text": post(button(confirm={"title": {"type": "plain_text", "text": "t"}})),
    "text as an object": post(section(), text={"text": "x"}),
}
BAD_LENGTHS = {
    "a section too long": post(section("x" * 3001)),
    "a section of surrogates too long": post(section("😀" * 1501)),
    "an empty section": post(section("")),
    "too many blocks": post(*[section()] * 51),
    "a button's text too long": post(button(text={"type": "plain_text", "text": "x" * 76})),
    "a value too long": post(button(value="x" * 2001)),
    "an action_id too long": post(button(action_id="x" * 256)),
    "a header too long": post({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}),
    "a field too long": post(section(fields=[{"type": "mrkdwn", "text": "x" * 2001, "verbatim": True}])),
    "too many fields": post(section(fields=[{"type": "mrkdwn", "text": "x", "verbatim": True}] * 11)),
    "too many elements": post({"type": "context", "elements": [{"type": "plain_text", "text": "x"}] * 11}),
    "a dialog's title too long": post(button(confirm=dialog(title={"type": "plain_text", "text": "x" * 101}))),
    "no fallback text": post(section(), text=""),
    "two buttons of one action": post({"type": "actions", "elements": button()["elements"] * 2}),
    "a mention of everybody": post(section("hello <!channel>")),
    "names may be read into it": post({"type": "section", "text": {"type": "mrkdwn", "text": "x"}}),
    "a kind that the table does not know": post({"type": "video"}),
}


def rejects(build):
    found = peers.need_node(build)
    findings = peers.Findings()
    for method, message in GOOD:
        findings.expect(not list(judge_lengths(method, message)), f"refused, but good: {list(judge_lengths(method, message))}")
    for name, message in BAD_LENGTHS.items():
        findings.expect(list(judge_lengths("chat.postMessage", message)), f"not found: {name}")
    findings.expect(list(judge_lengths("chat.update", post(section(), text="x" * 4001))), "not found: an update too long")
    samples = GOOD + [("chat.postMessage", message) for message in BAD_TYPES.values()]
    complaints = compile_messages(found, samples)
    for n in range(len(GOOD)):
        findings.expect(n not in complaints, f"tsc refuses what is good: {complaints.get(n)}")
    for n, name in enumerate(BAD_TYPES, len(GOOD)):
        findings.expect(n in complaints, f"tsc does not find: {name}")
    return findings.finish("slack_messages --rejects")


if __name__ == "__main__":
    sys.exit(rejects(sys.argv[1]) if "--rejects" in sys.argv else main(sys.argv[1]))
