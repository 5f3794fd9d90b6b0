"""clang-tidy finds nothing in bot/, ecs/ and include/: .clang-tidy names the checks, and why some are left out.
Skipped where clang-tidy 14 is missing: another version has other checks. What was clean is remembered in BUILD until
the file, a header it sees, the flags or the checks change. Usage: tidy.py ROOT BUILD [FILE...], where the files, if
named, stand for all.
"""
import os
import re
import shutil
import subprocess
import sys

import compiled
import gate

VERSION = "14"
OURS = ("bot/", "ecs/")
HEADERS = r"(^|/)(bot|ecs|include)/[^.]*\.h$"
RULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".clang-tidy")


def find_tool():
    for tool in ("clang-tidy-" + VERSION, "clang-tidy"):
        if shutil.which(tool):
            said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout
            if re.search(rf"version {VERSION}\.", said):
                return tool
    return gate.skip(f"no clang-tidy {VERSION}")


def checker(tool):
    def check(root, name, flags):
        run = subprocess.run([tool, "--quiet", "--config-file=" + RULES, "--header-filter=" + HEADERS, name, "--",
                              *flags], cwd=root, capture_output=True, text=True)
        found = re.findall(r"^(.+?):(\d+):\d+: (?:warning|error): (.*)$", run.stdout, re.M)
        if run.returncode and not found:
            found = [(name, "1", (run.stdout + run.stderr).strip().replace("\n", " "))]
        return [(os.path.relpath(os.path.join(root, where), root), int(line), re.sub(r",-warnings-as-errors\]", "]", what))
                for where, line, what in found]
    return check


def main(root, build, named):
    tool = find_tool()
    jobs = compiled.jobs_of(root, build, named)
    if not named:
        jobs = {name: flags for name, flags in jobs.items() if name.startswith(OURS)}
    memory = None if named else os.path.join(build, "lint_tidy_clean.json")
    gate.finish(compiled.judge(root, jobs, checker(tool), memory, gate.read(root, RULES)))


main(os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3:])
