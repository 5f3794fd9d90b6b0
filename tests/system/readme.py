#!/usr/bin/env python3
"""The README's examples hold: its conversations are what a rehearsal says, its configuration is the shipped one and is fine, the files and figures it names exist.

readme.py BUILD SOURCE             readme.py --try SOURCE: its first command, as it stands there
"""
import concurrent.futures
import os
import re
import shutil
import subprocess
import sys
import tempfile

from harness import Bot, Sim, get, wait_until

PLAIN = re.compile(r"\b(op|timeline) [A-Z0-9]{4}|[0-9]+")


def plain(line):
    """What differs from run to run (times, ids, counts of seconds) made equal; durations lose their words."""
    line = re.sub(r"[0-9]+ min [0-9]+ s|[0-9]+ s\b|[0-9]+:[0-9]{2}(:[0-9]{2})?", "#", line)
    return PLAIN.sub("#", line).strip()


CONVERSATIONS = [("ok", ["restart cotak prod"]), ("crash-loop", ["restart cotak prod"]), ("ok", ['stop-all cotak prod --reason "INC-204 api hung"', "confirm"])]


def told(build, scenario, commands):
    argv = [os.path.join(build, "cloudtak-bot"), "rehearse", "--scenario", scenario, "--speed", "60"]
    for command in commands:
        argv += ["--exec", command]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=200, check=False)
    return [plain(line) for line in done.stdout.splitlines()]


def conversations(build, readme):
    faults = []
    blocks = re.findall(r"```text\n(.*?)```", readme, re.S)
    with concurrent.futures.ThreadPoolExecutor(len(CONVERSATIONS)) as pool:  # they mostly wait
        runs = [pool.submit(told, build, *one) for one in CONVERSATIONS]
    for block, run, (scenario, commands) in zip(blocks, runs, CONVERSATIONS):
        lines, at = run.result(), 0
        for shown in block.splitlines():
            if shown == "…":
                continue
            wanted = plain(shown)
            try:
                at = lines.index(wanted, at)
            except ValueError:
                faults.append(f"{scenario}, {commands[0]}: the bot does not say (any more, or not here): {shown}")
    if len(blocks) != len(CONVERSATIONS):
        faults.append(f"the README shows {len(CONVERSATIONS)} conversations")
    return faults


def configuration(build, source, readme):
    with open(os.path.join(source, "deploy/config.example.yaml"), encoding="utf-8") as f:
        example = f.read()
    shown = "".join("    " + line + "\n" if line else "\n" for line in example.rstrip("\n").split("\n"))
    faults = [] if shown in readme else ["the configuration shown is not deploy/config.example.yaml"]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "config.yaml")
        shutil.copy(os.path.join(source, "deploy/config.example.yaml"), path)
        os.chmod(path, 0o600)
        environment = {"SLACK_APP_TOKEN": "xapp-1-example-token", "SLACK_BOT_TOKEN": "xoxb-1-example-token", "HOME": folder}
        done = subprocess.run([os.path.join(build, "cloudtak-bot"), "config", "check", "-c", path], env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode or "fine" not in done.stdout:
            faults.append("config check refuses the example: " + done.stdout)
    return faults


def set_up(build, source, readme):
    """The set-up's command lines, in a root of our own; what needs a system manager only names files that are there."""
    chapter = readme[readme.index("## Ten minutes to your own workspace"):readme.index("## Commands")]
    blocks = [b.splitlines() for b in re.findall(r"```sh\n(.*?)```", chapter, re.S)]
    if [len(b) for b in blocks] != [4, 1, 2]:
        return ["the set-up has not the form that is followed here"]
    with tempfile.TemporaryDirectory() as root:
        def run(line):
            line = line.replace("/etc/", root + "/etc/").replace("cmake --install build/release", f"cmake --install {build} --prefix {root}/usr/local")
            environment = {"PATH": f"{root}/usr/local/bin:{os.environ['PATH']}", "HOME": root, "CLOUDTAK_BOT_CONFIG": root + "/etc/cloudtak-bot/config.yaml"}
            return subprocess.run(["sh", "-c", line], cwd=source, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=60, check=False)

        os.makedirs(root + "/etc/systemd/system")
        for line in blocks[0] + [line for line in blocks[2] if not line.startswith("systemctl ")]:
            done = run(line)
            if done.returncode:
                return [f"{line}: {done.stdout}"]
        before = run(blocks[1][0])
        with open(root + "/etc/cloudtak-bot/environment", "w", encoding="utf-8") as f:
            f.write("".join(f"{name}={value}-1-token\n" for name, value in re.findall(r"`(SLACK_[A-Z_]+)=(x[a-z]+)-…`", chapter)))
        after = run(blocks[1][0])
        if "SLACK_APP_TOKEN" not in before.stdout or after.returncode or "fine" not in after.stdout:
            return [f"{blocks[1][0]}: before the tokens {before.stdout!r}, with them {after.stdout!r}"]
        if os.stat(root + "/etc/cloudtak-bot/environment").st_mode & 0o077:
            return ["others may read the environment file"]
    return []


def names(source, readme):
    faults = [f"no such file: {path}" for path in set(re.findall(r"`((?:deploy|tests|ecs|bot)/[a-z0-9_./-]+)", readme))
              if not os.path.exists(os.path.join(source, path))]
    return faults


def health(build, readme):
    """The page shown is a page as it is; the figures named are on /metrics."""
    shown = re.search(r"```console\n\$ curl -s localhost:8421/readyz\n(.*?)```", readme, re.S).group(1).splitlines()
    sim = Sim(build)
    bot = Bot(build, sim)
    try:
        bot.start(AWS_ENDPOINT_URL="http://127.0.0.1:1")
        bot.wait_ready()
        url = bot.health()
        page = wait_until("/readyz is 503", lambda: [text for code, _, text in [get(url, "/readyz")] if code == 503], 60)[0].splitlines()
        metrics = get(url, "/metrics")[2]
        bot.stop()
    finally:
        bot.close()
        sim.close()
    faults = []
    for line, said in zip(shown, page):
        pieces = [re.escape(plain(piece)) for piece in re.sub(r" \([0-9a-z ]+\)", " (#)", line).split("…")]
        if not re.fullmatch(".*".join(pieces), plain(re.sub(r" \([0-9a-z ]+\)", " (#)", said))):
            faults.append(f"/readyz does not say: {line}\n  but: {said}")
    if len(shown) != len(page):
        faults.append(f"/readyz has {len(page)} lines, {len(shown)} are shown")
    return faults + [f"not on /metrics: {name}" for name in set(re.findall(r"`[^`]*?(cloudtak_[a-z_]+)", readme)) if f"# TYPE {name} " not in metrics]


def first_command(source, readme):
    """deploy/try with one command: it builds what is not built, and ends with the verdict's status."""
    command = re.search(r"`(deploy/try --exec \"[^\"]+\")`", readme).group(1)
    done = subprocess.run(["sh", "-c", command], cwd=source, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=500, check=False)
    print(f"{command}: status {done.returncode}, {len(done.stdout.splitlines())} lines")
    if done.returncode or "DONE: cotak prod api (PRODUCTION) restarted" not in done.stdout or done.stderr:
        return [f"{command} ends with {done.returncode}:\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"]
    return []


def main():
    build, source = sys.argv[1:3]
    with open(os.path.join(source, "README.md"), encoding="utf-8") as f:
        readme = f.read()
    if build == "--try":
        faults = first_command(source, readme)
        print("\n".join(faults))
        return 1 if faults else 0
    faults = conversations(build, readme) + configuration(build, source, readme) + set_up(os.path.abspath(build), source, readme) + names(source, readme) + health(build, readme)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
