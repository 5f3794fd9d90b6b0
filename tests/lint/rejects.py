"""Shows that a gate can fail: run on its bad sample it must find exactly what samples/GATE.expected lists, and exit
with 1. Usage: rejects.py GATE[=VARIANT] [ARGUMENT...], where {sample} in an argument is the sample's folder; of a variant
GATE.VARIANT.expected lists it.

A sample that would itself be taken for a fault of the project is kept folded: "~" inside a mark is dropped, and a
line "~times N TEXT" stands for N such lines. It is unfolded into a temporary folder.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

import gate

HERE = os.path.dirname(os.path.abspath(__file__))


FOLDED = ("banned", "sizes")


def unfold(text):
    text = re.sub(r"^~times ([0-9]+) (.*)\n", lambda m: (m.group(2) + "\n") * int(m.group(1)), text, flags=re.M)
    return text.replace("~", "")


def unfold_file(source, target):
    with open(source, encoding="utf-8") as f, open(target, "w", encoding="utf-8") as g:
        g.write(unfold(f.read()))
    return target


def main(name, arguments):
    with tempfile.TemporaryDirectory() as folder:
        judge(name, arguments, folder)


def judge(named, arguments, folder):
    name, _, variant = named.partition("=")
    sample = os.path.join(HERE, "samples", name)
    with open(sample + (f".{variant}" if variant else "") + ".expected", encoding="utf-8") as f:
        expected = f.read()
    if name in FOLDED:
        expected = unfold(expected)
        sample = shutil.copytree(sample, os.path.join(folder, name), copy_function=unfold_file)
    run = subprocess.run([sys.executable, os.path.join(HERE, name + ".py"),
                          *[a.replace("{sample}", sample) for a in arguments]], capture_output=True, text=True)
    if run.returncode == gate.SKIP:
        gate.skip(run.stdout.strip())
    if run.returncode != 1 or run.stdout != expected:
        sys.exit(f"status {run.returncode}, expected 1\n--- expected\n{expected}--- found\n{run.stdout}{run.stderr}")


main(sys.argv[1], sys.argv[2:] or ["{sample}"])
