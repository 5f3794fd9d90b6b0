"""clang has no complaint either: every file that the build compiles is read once more by clang with the same
warnings. What was clean is remembered in BUILD until the file, a header it sees or the flags change.
Usage: compiles.py ROOT BUILD [FILE...], where the files, if named, stand for all.
"""
import os
import re
import shutil
import subprocess
import sys

import compiled
import gate


def check(root, name, flags):
    run = subprocess.run(["clang", "-fsyntax-only", *flags, name], cwd=root, capture_output=True, text=True)
    found = re.findall(r"^(.+?):(\d+):\d+: (?:fatal )?error: (.*)$", run.stderr, re.M)
    if run.returncode and not found:
        found = [(name, "1", run.stderr.strip().replace("\n", " "))]
    return [(os.path.normpath(where), int(line), what) for where, line, what in found]


def main(root, build, named):
    if not shutil.which("clang"):
        gate.skip("no clang")
    memory = None if named else os.path.join(build, "lint_compiles_clean.json")
    gate.finish(compiled.judge(root, compiled.jobs_of(root, build, named), check, memory))


main(os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3:])
