#!/usr/bin/env python3
"""deploy/ says what the program needs, no less and no more: the IAM policy allows exactly the calls that the source can send, the Slack manifest asks for exactly the scopes
of the methods and events that are used, and the simulated Slack grants just these.

deploy_files.py SOURCE             deploy_files.py SOURCE --rejects: what is wrong on purpose is found
"""
import glob
import json
import os
import re
import shutil
import sys
import tempfile

FREE = {"GetCallerIdentity"}  # STS: "No permissions are required to perform this operation"
AWS_CALL = re.compile(r'"((?:Describe|List|Get|BatchGet|Filter|Update|Stop|Run|Put|Delete|Create|Register|Assume)[A-Z][A-Za-z]+)"')
IAM_NAME = re.compile(r'"([a-z][a-z-]+:[A-Z][A-Za-z]+)"')
CHANGES = re.compile(r":(Update|Stop|Run|Put|Delete|Create|Register)")
SLACK_CALL = re.compile(r'"((?:api|apps|auth|chat|conversations|files|reactions|usergroups|users|views)\.[A-Za-z]+(?:\.[A-Za-z]+)*)"')
# docs.slack.dev, the page of each method and event: "Required scopes", for public and private channels and direct messages as far as the bot is there.
SCOPES = {
    "auth.test": set(),
    "apps.connections.open": set(),  # an app-level token's connections:write: no scope of the bot
    "chat.postMessage": {"chat:write"},
    "chat.postEphemeral": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.info": {"channels:read", "groups:read"},
    "conversations.history": {"channels:history", "groups:history", "im:history"},
    "conversations.replies": {"channels:history", "groups:history", "im:history"},
    "users.info": {"users:read"},
    "usergroups.list": {"usergroups:read"},
    "usergroups.users.list": {"usergroups:read"},
    "event app_mention": {"app_mentions:read"},
    "event message.im": {"im:history"},
    "slash command": {"commands"},
}


def read(source, name):
    with open(os.path.join(source, name), encoding="utf-8") as f:
        return f.read()


def code(source, *folders):
    """Without comments."""
    text = ""
    for folder in folders:
        for path in sorted(glob.glob(os.path.join(source, folder, "*.[ch]"))):
            text += read(source, os.path.relpath(path, source)) + "\n"
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.S)


def listed(value):
    return value if isinstance(value, list) else [value]


def policy(source):
    """Sent is allowed, allowed is sent; what changes something is allowed on named resources only."""
    text = code(source, "ecs", "bot", "bot/core", "bot/commands")
    sent, named = set(AWS_CALL.findall(text)) - FREE, set(IAM_NAME.findall(text))
    statements = json.loads(read(source, "deploy/iam-policy.json"))["Statement"]
    allowed = {a: s for s in statements for a in listed(s["Action"]) if s["Effect"] == "Allow"}
    bare = {a.split(":")[1] for a in allowed}
    if len(sent) < 3:
        yield f"the source sends nothing but {sent}: is it read rightly?"
    yield from (f"the source sends {a}, which deploy/iam-policy.json does not allow" for a in sorted(sent - bare))
    yield from (f"deploy/iam-policy.json allows {a}, which the source never sends" for a in sorted(allowed) if a.split(":")[1] not in sent)
    yield from (f"the source speaks of {a}, which deploy/iam-policy.json does not allow" for a in sorted(named - set(allowed)))
    yield from (f"{a} is allowed on everything" for a, s in sorted(allowed.items())
                if CHANGES.search(a) and any(r == "*" or re.search(":(service|task|service-deployment)/[*]", r) for r in listed(s["Resource"])))


def manifest(source):
    """Its bot scopes, and its events and slash commands as rows of SCOPES."""
    text = re.sub(r"\s+#[^\n]*", "", read(source, "deploy/slack-manifest.yaml"))

    def items(key):
        found = re.search(rf"^( *){key}:\n((?:\1 +- [^\n]+\n(?:\1 {{3,}}[a-z_]+: [^\n]*\n)*)+)", text, re.M)
        return re.findall(r"- ([^\n]+)", found.group(2)) if found else []

    uses = {"event " + e for e in items("bot_events")} | ({"slash command"} if items("slash_commands") else set())
    return set(items("bot")), uses


def scopes(source):
    asked, uses = manifest(source)
    uses |= set(SLACK_CALL.findall(code(source, "bot/chat")))
    yield from (f"which scopes {u} needs is not known here: add its row from Slack's documentation" for u in sorted(uses - set(SCOPES)))
    needed = set().union(*(SCOPES.get(u, set()) for u in uses))
    if len(uses) < 8 or not asked:
        yield f"only {uses} are used, {asked} asked for: is it read rightly?"
    yield from (f"deploy/slack-manifest.yaml lacks the scope {s}" for s in sorted(needed - asked))
    yield from (f"deploy/slack-manifest.yaml asks for {s}, which nothing needs" for s in sorted(asked - needed))
    granted = "".join(re.findall(r'"([^"]*)"', re.search(r"#define SCOPES((?:[^\n]*\\\n)*[^\n]*)", code(source, "tests/sim")).group(1)))
    if set(granted.split(",")) != asked:
        yield f"the simulated Slack grants {granted}, the manifest asks for {','.join(sorted(asked))}"
    table = dict(re.findall(r'\{"([a-z]+\.[A-Za-z.]+)", "([a-z:]*)", [A-Z0-9]+, (?:true|false)', code(source, "tests/sim")))
    yield from (f"the simulated Slack does not know {u}" for u in sorted(uses & set(SCOPES)) if "." in u and " " not in u and u not in table)
    yield from (f"the simulated Slack wants {s} for {m}, Slack wants {SCOPES[m]}" for m, s in sorted(table.items())
                if m in SCOPES and s and s not in SCOPES[m])


def judge(source):
    return [*policy(source), *scopes(source)]


SPOILT = {  # file, what stands there, what shall stand there, what must be found
    "an action too few": ("deploy/iam-policy.json", '"ecs:ListTasks"', '"ecs:ListTaskDefinitions"', "the source sends ListTasks"),
    "an action too many": ("deploy/iam-policy.json", '"ecs:ListTasks"', '"ecs:ListTasks", "ecs:DeleteService"', "allows ecs:DeleteService"),
    "a change on everything": ("deploy/iam-policy.json", '"Action": "ecs:UpdateService",\n      "Resource": [', '"Action": "ecs:UpdateService", "Resource": "*", "Was": [',
                               "ecs:UpdateService is allowed on everything"),
    "any task": ("deploy/iam-policy.json", ":task/tak-vpc-cotak-prod/*", ":task/*", "ecs:StopTask is allowed on everything"),
    "a new call": ("ecs/request_change.c", '"StopTask"', '"RunTask"', "the source sends RunTask"),
    "a scope too few": ("deploy/slack-manifest.yaml", "      - users:read", "      - users:write", "lacks the scope users:read"),
    "a scope too many": ("deploy/slack-manifest.yaml", "      - commands", "      - files:read\n      - commands", "asks for files:read"),
    "an event too many": ("deploy/slack-manifest.yaml", "      - message.im", "      - message.im\n      - message.channels", "event message.channels"),
    "a new method": ("bot/chat/slack_send.c", '"chat.update"', '"chat.delete"', "which scopes chat.delete needs"),
    "another simulator": ("tests/sim/wire_slack.c", "commands,chat:write", "chat:write", "the simulated Slack grants"),
}


def rejects(source):
    faults = []
    for name, (path, old, new, wanted) in SPOILT.items():
        with tempfile.TemporaryDirectory() as copy:
            for part in ("deploy", "ecs", "bot", "tests/sim"):
                shutil.copytree(os.path.join(source, part), os.path.join(copy, part))
            text = read(copy, path)
            with open(os.path.join(copy, path), "w", encoding="utf-8") as f:
                f.write(text.replace(old, new))
            found = judge(copy)
            if old not in text or not any(wanted in f for f in found):
                faults.append(f"not found: {name} ({found})")
    return faults


def main():
    source = sys.argv[1]
    faults = rejects(source) if "--rejects" in sys.argv else judge(source)
    for fault in faults:
        print(fault)
    print(f"{len(SPOILT) if '--rejects' in sys.argv else len(SCOPES)} cases, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
