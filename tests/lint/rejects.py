"""Shows that a gate can fail: run on its bad sample it must find exactly what samples/GATE.expected lists, and exit
with 1. Usage: rejects.py GATE [ARGUMENT...], where {sample} in an argument is the sample's folder.
"""
import os
import subprocess
import sys

import gate

HERE = os.path.dirname(os.path.abspath(__file__))


def main(name, arguments):
    sample = os.path.join(HERE, "samples", name)
    with open(sample + ".expected", encoding="utf-8") as f:
        expected = f.read()
    run = subprocess.run([sys.executable, os.path.join(HERE, name + ".py"),
                          *[a.replace("{sample}", sample) for a in arguments]], capture_output=True, text=True)
    if run.returncode == gate.SKIP:
        gate.skip(run.stdout.strip())
    if run.returncode != 1 or run.stdout != expected:
        sys.exit(f"status {run.returncode}, expected 1\n--- expected\n{expected}--- found\n{run.stdout}{run.stderr}")


main(sys.argv[1], sys.argv[2:] or ["{sample}"])
