"""clang has no complaint either: every file that the build compiles is read once more by clang with the same
warnings. What was clean is remembered in BUILD until the file, a header it sees or the flags change.
Usage: compiles.py ROOT BUILD [--by COMPILER] [FILE...], where the files, if named, stand for all.
"""
import functools
import os
import re
import shutil
import subprocess
import sys

import compiled
import gate


def check(root, name, flags, compiler="clang"):
    run = subprocess.run([compiler, "-fsyntax-only", *flags, name], cwd=root, capture_output=True, text=True,
                         env={**os.environ, "LC_ALL": "C"})
    found = re.findall(r"^(.+?):(\d+):\d+: (?:fatal )?error: (.*)$", run.stderr, re.M)
    if run.returncode and not found:
        found = [(name, "1", run.stderr.strip().replace("\n", " "))]
    return [(os.path.normpath(where), int(line), what) for where, line, what in found]


def main(root, build, compiler, named):
    if not shutil.which(compiler):
        gate.skip(f"no {compiler}")
    memory = None if named else os.path.join(build, "lint_compiles_clean.json")
    by = functools.partial(check, compiler=compiler)
    gate.finish(compiled.judge(root, compiled.jobs_of(root, build, named), by, memory))


rest = sys.argv[3:]
by_whom = rest[1] if rest[:1] == ["--by"] else "clang"
main(os.path.abspath(sys.argv[1]), sys.argv[2], by_whom, rest[2:] if rest[:1] == ["--by"] else rest)
