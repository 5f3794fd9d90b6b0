"""Every C file reads as clang-format leaves it. Skipped where clang-format 14 is missing: another version has
another taste. Usage: format.py ROOT
"""
import os
import re
import shutil
import subprocess
import sys

import gate

VERSION = "14"


def find_tool():
    for tool in ("clang-format-" + VERSION, "clang-format"):
        if shutil.which(tool):
            said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout
            if re.search(rf"version {VERSION}\.", said):
                return tool
    return gate.skip(f"no clang-format {VERSION}")


def main(root):
    tool = find_tool()
    names = gate.files(root, ".c", ".h")
    findings = []
    run = subprocess.run([tool, "--dry-run", "-Werror"] + names, cwd=root, capture_output=True, text=True)
    for line in run.stderr.split("\n"):
        match = re.match(r"(.+?):(\d+):\d+: error: code should be clang-formatted", line)
        if match:
            findings.append((os.path.normpath(match.group(1)), int(match.group(2)), "not formatted"))
    if run.returncode and not findings:
        sys.exit(f"{tool} failed:\n{run.stderr}")
    gate.finish(set(findings))


main(sys.argv[1])
