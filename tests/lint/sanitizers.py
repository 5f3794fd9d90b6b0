"""The sanitizers of the check build do see: tiny programs, built with the very flags of the build, each with one fault, must each end with an error
that names it; one that is sound must end well. Usage: sanitizers.py SAMPLES BUILD [--without], which leaves the sanitizers out (rejects.py: then
the faults are missed).
"""
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile

import gate

FAULTS = {"heap.c": "heap-buffer-overflow", "overflow.c": "signed integer overflow", "leak.c": "LeakSanitizer", "sound.c": ""}


def command_of(build, without):
    """Compiler and flags of the build, its input and output left out."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        words = shlex.split(next(e["command"] for e in json.load(f) if "/bot/base/" in e["file"]))
    if os.path.basename(words[0]) == "ccache":
        words = words[1:]
    return words[:1] + [w for w in words[1:] if re.match(r"-(f|W|O|g|std=)", w) and not (without and "sanitize" in w)]


def judge(command, source, wanted, folder):
    program = os.path.join(folder, "sample")
    made = subprocess.run([*command, source, "-o", program], capture_output=True, text=True)
    if made.returncode:
        return "is not built: " + made.stderr.strip().replace("\n", " ")
    run = subprocess.run([program], capture_output=True, text=True, env={"PATH": os.environ["PATH"]}, timeout=60)
    if not wanted:
        return f"is sound, and ends with {run.returncode}: {run.stderr[:300]}" if run.returncode else None
    if run.returncode == 0:
        return f"ends with 0: nobody sees its {wanted}"
    return None if wanted in run.stderr else f"ends with {run.returncode} for another reason: {run.stderr[:300]}"


def main(samples, build, without):
    command = command_of(build, without)
    with tempfile.TemporaryDirectory() as folder:
        told = {name: judge(command, os.path.join(samples, name), wanted, folder) for name, wanted in FAULTS.items()}
    gate.finish({(name, 1, what) for name, what in told.items() if what})


main(sys.argv[1], sys.argv[2], "--without" in sys.argv[3:])
