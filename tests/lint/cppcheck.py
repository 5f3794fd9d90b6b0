"""cppcheck finds nothing in bot/ and ecs/: warnings, performance, portability and style; cppcheck.supp says what is
left out, and why. Skipped where cppcheck 2.10 is missing: another version has other checks.
Usage: cppcheck.py ROOT [FOLDER...]
"""
import os
import re
import shutil
import subprocess
import sys

import gate

VERSION = "2.10"
HERE = os.path.dirname(os.path.abspath(__file__))
TEMPLATE = "{file}:{line}: {message} [{id}]"
OPTIONS = ["--quiet", "--std=c11", "--enable=warning,performance,portability,style", "--error-exitcode=3",
           "--library=posix", "--template=" + TEMPLATE, "--template-location=", "-Iinclude", "-Ibot", "-D_GNU_SOURCE",
           '-DCLOUDTAK_VERSION=""', "--include=" + os.path.join(HERE, "cppcheck.h"),
           "--suppressions-list=" + os.path.join(HERE, "cppcheck.supp"), f"-j{os.cpu_count()}"]


def main(root, folders):
    if not shutil.which("cppcheck"):
        gate.skip("no cppcheck")
    said = subprocess.run(["cppcheck", "--version"], capture_output=True, text=True, check=True).stdout
    if said.split()[1] != VERSION:
        gate.skip(f"no cppcheck {VERSION}")
    run = subprocess.run(["cppcheck", *OPTIONS, *folders], cwd=root, capture_output=True, text=True)
    findings = re.findall(r"^(.+?):(\d+): (.*)$", run.stderr, re.M)
    if run.returncode and not findings or run.returncode not in (0, 3):
        sys.exit(f"cppcheck failed:\n{run.stdout}{run.stderr}")
    gate.finish({(name, int(line), what) for name, line, what in findings})


main(os.path.abspath(sys.argv[1]), sys.argv[2:] or ["bot", "ecs"])
