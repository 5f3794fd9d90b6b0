#!/usr/bin/env python3
"""`cloudtak-bot rehearse --exec` over real sockets: for each scenario its exit status and what an operator must be able to read.

rehearse.py BUILD [SCENARIO…]
"""
import os
import re
import subprocess
import sys

SPEED = "100"
WARNING = "If a deployment fails to launch a task successfully contact Application Specific Engineering immediately"
# scenario: commands, exit status, what must be read, in this order; then what must not be
CASES = {
    "ok": (["restart cotak prod"], 0, ["RESTARTING cotak prod api (PRODUCTION)", "Users: SERVED", "000000000000", "tak-cloudtak-cotak-prod",
                                       "NEW TASKS SERVE", "DONE: cotak prod api (PRODUCTION) restarted"], ["FAILING", "NOT STABILISING"]),
    "slow": (["restart cotak prod"], 0, ["RESTARTING", "DONE"], ["FAILING"]),
    "image-missing": (["restart cotak prod"], 1, ["RESTARTING", "First new task stopped", "CannotPullContainerError", WARNING,
                                                  "NOT STABILISING", "Users: SERVED"], ["DONE"]),
    "crash-loop": (["restart cotak prod"], 1, ["First new task stopped", "exit code 1", "usually its signing secret", WARNING, "NOT STABILISING",
                                               "redacted, best effort", "postgres://tak:[redacted]@"], ["DONE", "canary-of-the-database"]),
    "crash-after-running": (["restart cotak prod"], 0, ["DONE", "I watch 10 min more for crashes"], ["FAILING"]),
    "hook-paused": (["restart cotak prod"], 0, ["PAUSED, a person must say how it goes on", "aws ecs continue-service-deployment", "DONE"], ["FAILING"]),
    "placement": (["restart cotak prod"], 4, ["ECS CANNOT PLACE NEW TASKS", "Capacity is unavailable", "STOPPED FOLLOWING"], ["DONE"]),
    "rolled-back-by-alarm": (["restart cotak prod"], 1, ["ECS ROLLS BACK", "AlarmHTTPCodeBackend5XX", "ROLLED BACK by a deployment alarm"], ["DONE"]),
    "unhealthy": (["restart cotak prod"], 1, ["First new task stopped", "health check", WARNING], ["DONE"]),
    "rolled-back": (["restart cotak prod"], 1, ["First new task stopped", WARNING, "ROLLED BACK"], ["DONE"]),
    "superseded": (["restart cotak prod"], 4, ["RESTARTING", "SUPERSEDED", "I follow it now."], ["DONE"]),
    "no-breaker": (["restart cotak prod"], 1, ["First new task stopped", "NOT STABILISING"], ["DONE"]),
    "throttled": (["restart cotak prod"], 0, ["RESTARTING", "DONE"], ["FAILING"]),
    "stale": (["restart cotak prod"], 0, ["RESTARTING", "DONE"], ["FAILING"]),
    "words": (["help", "targets", "whoami", "status cotak prod", "tasks cotak prod", "history"], 0,
              ["restart TARGET", "cotak prod (PRODUCTION)", "slack:user:U0ANA", "arn:aws-us-gov:sts::000000000000", "Users: SERVED",
               "Tasks of cotak prod api (PRODUCTION)", "History"], []),
    "nothing-to-follow": (["follow cotak prod"], 3, ["nothing was changed", "there is nothing to follow"], ["RESTARTING"]),
    "stop-all": (['stop-all cotak prod --reason "INC-204 api hung"', "confirm"], 0,
                 ["STOP ALL TASKS of cotak prod api (PRODUCTION)? Asked by @ana", "Users WILL BE CUT OFF",
                  "STOPPING ALL TASKS of cotak prod api", "Confirmed by @ana", "NOT SERVED since", "BACK: cotak prod api (PRODUCTION), @ana. Users not served"], ["FAILING"]),
    "declined": (["restart cotak prod hub", "as bo", "cancel"], 4, ["RESTART cotak prod hub (PRODUCTION)? Asked by @ana", "You are @bo now.",
                                                                   "Cancelled by @bo", "nothing was changed"], ["RESTARTING", "Confirmed"]),
    "refused": (["restart nowhere"], 2, ["There is no target"], ["RESTARTING"]),
}


def run(build, name):
    commands, status, wanted, unwanted = CASES[name]
    scenario = name if name not in ("words", "nothing-to-follow", "stop-all", "declined", "refused") else "ok"
    argv = [os.path.join(build, "cloudtak-bot"), "rehearse", "--scenario", scenario, "--speed", SPEED]
    for c in commands:
        argv += ["--exec", c]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=240, check=False)
    flat = re.sub(r"\s+", " ", done.stdout)
    faults = []
    if done.returncode != status:
        faults.append(f"status {done.returncode} instead of {status}")
    at = 0
    for w in wanted:
        found = flat.find(w, at)
        if found < 0:
            faults.append(f"not told (or not in this order): {w}")
        else:
            at = found
    faults += [f"told, but must not be: {u}" for u in unwanted if u in flat]
    if faults:
        print(f"FAILED {name}: " + "; ".join(faults))
        print(done.stdout)
        print(done.stderr)
    else:
        print(f"{name}: fine")
    return not faults


def main():
    build, names = sys.argv[1], sys.argv[2:] or list(CASES)
    return 0 if all([run(build, n) for n in names]) else 1


if __name__ == "__main__":
    sys.exit(main())
