#!/usr/bin/env python3
"""Nasty texts on every way in (AWS's answers, names of people and channels, reasons, commands): what the chat is given has no live mention but
the configured ones, no link but the console's, no control characters, keeps Slack's limits, and nothing in it can be taken for a verdict.

outside_text.py BUILD
"""
import json
import re
import sys
import time
import unicodedata
import zlib

from harness import Bot, Sim, Trouble, wait_until, words
from meddler import Meddler, slack_meddler

# Each has FORGED in it, so that it is known where it came out.
NASTY = [
    "<!channel> <!here> <!everyone> FORGED",
    "<@U0BO> <!subteam^S0EVIL|@all> FORGED",
    "@here @channel #general FORGED",
    "<https://evil.example/FORGED|AWS console> https://evil.example/FORGED",
    "![image](https://evil.example/FORGED.png) [link](https://evil.example/FORGED)",
    "FORGED \x01\x07\x08\x0b\x1b[2J\x1b]0;title\x07\x7f\x85\x9b",
    "FORGED \u202e\u2066\u2069\u200f\u061c reversed",
    "FORGED \u200b\u2060\ufeff\u00ad\U000e0041 unseen",
    "``` FORGED ```` ``` ` `",
    "*FORGED* _FORGED_ ~FORGED~ > FORGED",
    "FORGED\n✅ DONE: cotak prod api (PRODUCTION) restarted FORGED",
    "FORGED\r\n*✅ DONE: cotak prod api (PRODUCTION) restarted FORGED*\u2028Users: SERVED FORGED\u0085FORGED",
    "✅ DONE: cotak prod api (PRODUCTION) restarted by FORGED. Nothing to do.",
    "FORGED &lt;!channel&gt; &amp;lt; &#60;!channel&#62;",
    "FORGED " + "x" * 100_000,
    "FORGED " + "<&>" * 5_000,
    "FORGED \U0001f468\u200d\U0001f469\u200d\U0001f467 " * 300,
]
BROKEN = [b'"FORGED \\ud800 alone"', b'"FORGED \xff\xfe\xc0\xaf"', b'"FORGED \\u0000"']  # no JSON of AWS's: the answer is as good as lost
OWN = {"<!subteam^S0ASE>", "<@U0ANA>", "<@U0BO>"}  # whom the configuration and the asker allow
CONSOLE = re.compile(r"<https://console\.amazonaws-us-gov\.com/[^<>|]*\|[^<>]*>")
VERDICTS = ("✅", "❌", "↩", "⏹", "DONE", "FAILED", "ROLLED BACK", "SUPERSEDED", "Users:")
SENDS = ("chat.postMessage", "chat.update", "chat.postEphemeral")


def nasty(key):
    """The same place gets the same text each time it is read."""
    return NASTY[zlib.crc32(key.encode()) % len(NASTY)]


# ---- the ways in

def soil(node, path=""):
    """AWS's own texts, in place: appended or instead, by turns."""
    fields = ("message", "stoppedReason", "reason", "rolloutStateReason", "statusReason", "name", "healthStatus")
    if isinstance(node, list):
        for n, value in enumerate(node):
            soil(value, f"{path}/{n}")
    elif isinstance(node, dict):
        key = str(node.get("id") or node.get("taskArn") or node.get("containerArn") or path)
        for field, value in node.items():
            if isinstance(value, str) and (field in fields or field == "taskDefinitionArn"):
                text = nasty(key + field)
                node[field] = text if zlib.crc32((key + field).encode()) & 64 and field != "reason" else f"{value} {text}"
            else:
                soil(value, f"{path}/{field}")


def aws_change(counts):
    def change(name, status, body, headers):
        if name in ("DescribeServices", "DescribeTasks", "ListServiceDeployments", "DescribeServiceDeployments", "UpdateService"):
            answer = json.loads(body)
            soil(answer)
            body = json.dumps(answer).encode()
            counts[name] = counts.get(name, 0) + 1
            if name == "DescribeTasks" and counts[name] % 7 == 3:
                body = re.sub(rb'"lastStatus": ?"[A-Z]+"', b'"x":' + BROKEN[counts[name] % len(BROKEN)], body, count=1)
        return status, body
    return change


def slack_change(name, status, body, headers):
    if name == "users.info":
        answer = json.loads(body)
        user = answer.get("user", {})
        user["name"] = user["real_name"] = NASTY[0]
        user.setdefault("profile", {})["display_name"] = NASTY[10]
        body = json.dumps(answer).encode()
    return status, body


def slack_frame(data):
    """Names in envelopes."""
    frame = json.loads(data)
    payload = frame.get("payload")
    if isinstance(payload, dict):
        for key in "user_name", "channel_name", "team_domain":
            if key in payload:
                payload[key] = nasty(key + frame["envelope_id"])
        for key in "user", "channel":
            if isinstance(payload.get(key), dict):
                payload[key]["name"] = payload[key]["username"] = nasty(key + frame["envelope_id"])
    return json.dumps(frame).encode()


# ---- the judgement

def units(text):
    return len(text.encode("utf-16-le")) // 2


def texts(node):
    """(kind, text, verbatim) of every text object."""
    if isinstance(node, dict):
        if node.get("type") in ("mrkdwn", "plain_text"):
            yield node["type"], node.get("text", ""), node.get("verbatim")
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)


def judge_characters(text):
    for c in text:
        bad = unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs") and c not in "\n\t\u200d\u200c"
        if bad:
            yield f"the character U+{ord(c):04X}"


def judge_markup(text):
    for live in re.findall(r"<[^<>]*>?", text):
        if live not in OWN and not CONSOLE.fullmatch(live):
            yield f"live mark-up: {live}"
    if re.search(r"&(?!amp;|lt;|gt;)", text) or ">" in re.sub(r"<[^<>]*>", "", text):
        yield "mark-up that is not escaped"
    outside = re.sub(r"```\n.*?\n```", "", text, flags=re.S)
    if "```" in outside:
        yield "a fence that is not ours"
    for line in outside.split("\n"):
        if "forged" in line.lower() and line.lstrip("*_~> ").startswith(VERDICTS) and not OWN_HEAD.match(line):
            yield f"a line that could be taken for a verdict: {line[:120]}"


# Titles of our own that may name somebody: what stands first in them is ours.
OWN_HEAD = re.compile(r"\*?(🔄|⏳|⚠|⛔) ")


def judge(method, body):
    if method != "chat.update" and method != "chat.postEphemeral" and (body.get("unfurl_links") is not False or body.get("unfurl_media") is not False):
        yield "links are unfurled"
    if body.get("parse") != "none" or body.get("link_names") not in (False, 0):
        yield "names and addresses become live by themselves"
    everything = [("mrkdwn", body.get("text", ""), True)] + list(texts(body.get("blocks") or []))
    for kind, text, verbatim in everything:
        yield from judge_characters(text)
        if kind == "mrkdwn":
            yield from judge_markup(text)
            if not verbatim:
                yield "not verbatim"
    if units(body.get("text", "")) > 4000 or len(body.get("blocks") or []) > 50:
        yield "too long"
    for block in body.get("blocks") or []:
        if any(units(t) > 3000 for _, t, _ in texts(block)) or len(block.get("fields") or []) > 10:
            yield "a block that Slack refuses"


def judge_all(slack):
    faults, forged, count = [], 0, 0
    for method, _, raw in list(slack.requests):
        if method not in SENDS:
            continue
        body = json.loads(raw)
        count += 1
        forged += "forged" in json.dumps(body).lower()
        faults += [f"{method}: {fault}\n    {json.dumps(body, ensure_ascii=False)[:600]}" for fault in judge(method, body)]
    return faults, forged, count


def judge_log(bot):
    """A log line is one JSON object, whatever stands in it."""
    for line in bot.log:
        try:
            json.loads(line)
        except ValueError:
            yield f"no log line: {line!r}"
        yield from (f"{fault} in the log" for fault in judge_characters(line.rstrip("\n")))


# ---- the run

def say(sim, text, user="ana"):
    before = len(sim.of("message", "ephemeral", "update"))
    sim.slash(text, user)
    wait_until(f"an answer to {text[:40]!r}", lambda: len(sim.of("message", "ephemeral", "update")) > before)


def run(build):
    counts = {}
    sim = Sim(build, "rolled-back", speed=100)
    aws = Meddler(sim.ready["aws"], aws_change(counts))
    slack = slack_meddler(sim, slack_change, slack_frame)
    sim.ready.update(aws=aws.url, slack_api=slack.url)
    bot = Bot(build, sim)
    try:
        bot.start()
        if not bot.wait_ready():
            raise Trouble("the bot does not start:\n" + "".join(bot.log[-5:]))
        sim.do(do="limits", on=False)
        for n, text in enumerate(NASTY):
            say(sim, ("help ", "", "restart ", "status cotak prod ")[n % 4] + text[:3000])
            time.sleep(3 if n % 15 == 14 else 0)
        say(sim, "whoami")
        say(sim, "status cotak prod", "bo")
        sim.do(do="slash", user="bo", channel="C0INCIDENT", text="restart cotak prod --reason \"" + " ".join(t[:60] for t in NASTY) + "\"")
        wait_until("a verdict", lambda: any(v in words(p) for p in sim.posts() for v in ("ROLLED BACK", "FAILED", "NOT RESTARTED")), 120)
        if bot.stop() != 0:
            raise Trouble(f"stopping ended with {bot.died()}:\n" + "".join(bot.log[-20:]))
        faults, forged, count = judge_all(slack)
        faults += list(judge_log(bot))
        faults += [f"too few texts came through: {forged} of {count} messages"] if forged < 15 else []
        faults += [f"AWS was not asked: {counts}"] if not counts.get("UpdateService") or not counts.get("DescribeTasks") else []
        faults += ["no name in an envelope was changed: its connection is another one"] if not slack.frames else []
        for fault in faults[:20]:
            print("FAULT", fault)
        print(f"{count} messages, {forged} with a nasty text, {len(faults)} faults; AWS answers changed: {counts}")
        return 1 if faults else 0
    except Trouble:
        print("".join(bot.log[-15:]))
        raise
    finally:
        bot.close()
        slack.close()
        aws.close()
        sim.close()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1]))
