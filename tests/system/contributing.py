#!/usr/bin/env python3
"""CONTRIBUTING's "Add a command in ten minutes", to the letter: its files into a copy of the tree, its commands run, the new command seen in help, run, and refused to a
guest; then the rules of the page's last line: the gates, the tests of all commands, and the README's table. What the change touches is compiled with the flags of BUILD; the
rest is linked from there.

contributing.py BUILD SOURCE
"""
import glob
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import documents
from harness import Bot, Sim, Trouble, wait_until, words

NO_NINJA = 77


def must(condition, what):
    if not condition:
        raise Trouble(what)


def run(argv, **how):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240, check=False, **how)
    must(done.returncode == 0, f"{argv if isinstance(argv, str) else shlex.join(argv)[:300]} ended with {done.returncode}:\n{done.stdout[-3000:]}")
    return done.stdout


def insert(path, behind, line):
    with open(path, encoding="utf-8") as f:
        lines = f.read().split("\n")
    at = [i for i, text in enumerate(lines) if behind in text]
    must(len(at) == 1, f"{path} has not one line with {behind}")
    lines.insert(at[0] + 1, line)
    with open(path, "w", encoding="utf-8") as f:
        f.write("\n".join(lines))


class Page:
    """The chapter: files to make, the line for the list, the commands."""

    def __init__(self, source):
        with open(os.path.join(source, "CONTRIBUTING.md"), encoding="utf-8") as f:
            text = f.read()
        chapter = text[text.index("## Add a command in ten minutes"):]
        self.files = dict(re.findall(r"^`([^`\n]+\.c)`\n\n```c\n(.*?)```", chapter, re.S | re.M))
        self.list, self.behind, self.line = re.search(r"In `([^`]+)`, behind `([^`]+)`:\n\n```c\n(.*?)```", chapter, re.S).groups()
        self.commands = re.search(r"```sh\n(.*?)```", chapter, re.S).group(1).splitlines()
        self.row = re.search(r"README's table of commands, behind `([a-z]+)`:\n\n```text\n(.*?)\n```", chapter, re.S).groups()
        self.last = re.search(r"^Then `tests/run -R '([^']+)'`\.$", chapter, re.M).group(1)
        must(len(self.files) == 2 and len(self.commands) == 3, "the chapter has not the form that is followed here")

    def follow(self, copy):
        for name, text in self.files.items():
            must(not os.path.exists(os.path.join(copy, name)), f"{name} is there already: the example needs another name")
            with open(os.path.join(copy, name), "w", encoding="utf-8") as f:
                f.write(text)
        insert(os.path.join(copy, self.list), self.behind, self.line.rstrip("\n"))

    def say(self, copy):
        insert(os.path.join(copy, "README.md"), f"| `{self.row[0]} ", self.row[1])


class Builder:
    """Compiles files of the copy as BUILD compiled its own, and links as BUILD linked."""

    def __init__(self, build, source, copy, out):
        self.build, self.source, self.copy, self.out = (os.path.abspath(p) for p in (build, source, copy, out))
        with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
            self.flags = {os.path.relpath(e["file"], self.source): shlex.split(e["command"]) for e in json.load(f)}

    def compile(self, name, like):
        argv = [w for w in self.flags[like] if not w.endswith("ccache")]
        for drop in ("-o", "-c", "-MF", "-MT"):
            if drop in argv:
                at = argv.index(drop)
                del argv[at:at + 2]
        made = os.path.join(self.out, name.replace("/", "_") + ".o")
        argv = [w.replace(self.source + "/", self.copy + "/") if self.source in w and not w.startswith("-I" + self.build) else w for w in argv]
        argv = ["-I" + self.copy if w == "-I" + self.source else w for w in argv]
        run([*argv, "-c", os.path.join(self.copy, name), "-o", made])
        return made

    def link(self, target, to, swap):
        """The link of BUILD's target with some of its inputs swapped."""
        line = run(["ninja", "-C", self.build, "-t", "commands", target]).strip().splitlines()[-1]
        argv = shlex.split(line.removeprefix(": && ").removesuffix(" && :"))
        argv = [w for word in argv for w in swap.get(word, [word])]
        argv[argv.index("-o") + 1] = to
        run(argv, cwd=self.build)


def rebuild(page, build, source, copy, out):
    b = Builder(build, source, copy, out)
    table = "bot/commands/table.c"
    layer = [os.path.relpath(p, copy) for p in sorted(glob.glob(os.path.join(copy, "bot/commands/*.c")))]
    archive = os.path.join(out, "libcloudtak_commands.a")
    run(["ar", "rcs", archive, *[b.compile(n, n if n in b.flags else table) for n in layer]])
    swap = {"libcloudtak_commands.a": [archive]}
    b.link("cloudtak-bot", os.path.join(out, "cloudtak-bot"), swap)
    os.makedirs(os.path.join(out, "tests"))
    like = "commands_rows"
    for path in sorted(glob.glob(os.path.join(copy, "tests/unit/commands_*.c"))):
        name = os.path.basename(path)[:-2]
        there = name if f"tests/unit/{name}.c" in b.flags else like
        swap[f"tests/CMakeFiles/unit_{there}.dir/unit/{there}.c.o"] = [b.compile(f"tests/unit/{name}.c", f"tests/unit/{there}.c")]
        b.link(f"tests/unit_{there}", os.path.join(out, "tests", "unit_" + name), swap)
    shutil.copy(os.path.join(build, "cloudtak-sim"), out)


def try_out(page, out):
    """The chapter's own command lines, but the first, which is the build."""
    must(page.commands[0].startswith("cmake --preset check && cmake --build --preset check --target"), page.commands[0])
    told = [run(c.replace("build/check", out), shell=True) for c in page.commands[1:]]
    must("PASSED" in told[0], told[0])
    must("Usage: console TARGET [SERVICE]" in told[1] and "the page of a service in the AWS console" in told[1], told[1])
    must(re.search(r"Console of cotak prod hub\n +https://console.amazonaws-us-gov.com/ecs/v2/clusters/tak-vpc-cotak-prod/services/", told[1]), told[1])
    everything = run([os.path.join(out, "cloudtak-bot"), "rehearse", "--exec", "help"])
    must("console TARGET [SERVICE]: the page of a service in the AWS console" in everything, everything)


def ask_as_guest(out):
    sim = Sim(out)
    bot = Bot(out, sim)
    try:
        bot.start()
        bot.wait_ready()
        sim.slash("console cotak prod", user="gus")
        said = wait_until("an answer to the guest", lambda: sim.of("message", "ephemeral"))[0]
        must("Not done" in words(said) and "console.amazonaws" not in words(said), words(said))
        sim.slash("console cotak prod")
        wait_until("the page for ana", lambda: [m for m in sim.of("message", "ephemeral") if "console.amazonaws" in words(m)])
        must(bot.stop() == 0, f"stopping ended with {bot.died()}:\n{''.join(bot.log[-20:])}")
    finally:
        bot.close()
        sim.close()


def rules(page, source, copy, out):
    """What the page's last line would run: `tests/run -R 'unit_commands|lint|documents'`."""
    must(page.last == "unit_commands|lint|documents", f"the last line runs {page.last}")
    for gate in ("layers", "sizes", "banned", "format"):
        done = subprocess.run([sys.executable, "-B", os.path.join(source, "tests/lint", gate + ".py"), copy], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        must(done.returncode in (0, NO_NINJA), f"lint_{gate} refuses the example: {done.stdout}")
    tests = sorted(glob.glob(os.path.join(out, "tests", "unit_commands_*")))
    must(len(tests) >= 4, f"only {tests} were built")
    for test in tests:
        must("PASSED" in run([test], cwd=os.path.join(source, "tests")), test)
    told = documents.help_of(out)
    must(documents.commands(told, documents.read(copy, "README.md")) == ["the README's table lacks the command console"],
         "the README without the new row is not found out")
    page.say(copy)
    faults = documents.commands(told, documents.read(copy, "README.md"))
    must(not faults, f"with the page's row: {faults}")
    return len(tests)


def main():
    build, source = sys.argv[1:3]
    if not os.path.exists(os.path.join(build, "build.ninja")) or not shutil.which("ninja"):
        print("skipped: the build was not made by ninja")
        return NO_NINJA
    page = Page(source)
    with tempfile.TemporaryDirectory(prefix="cloudtak-contributing-") as folder:
        copy, out = os.path.join(folder, "tree"), os.path.join(folder, "build")
        os.mkdir(out)
        for part in ("bot", "include", "tests/unit", "tests/lib"):
            shutil.copytree(os.path.join(source, part), os.path.join(copy, part))
        for name in (".clang-format", "README.md"):
            shutil.copy(os.path.join(source, name), copy)
        page.follow(copy)
        rebuild(page, build, source, copy, out)
        try_out(page, out)
        ask_as_guest(out)
        tests = rules(page, os.path.abspath(source), copy, out)
    print(f"a command was added as CONTRIBUTING.md says: in help, run, refused to a guest, {tests} tests of commands and the gates passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
