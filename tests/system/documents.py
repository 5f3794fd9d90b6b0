#!/usr/bin/env python3
"""What the documents promise of the source holds: CONTRIBUTING's map covers every source file and names none that is gone; each test that SECURITY.md names exists.

documents.py BUILD SOURCE
"""
import fnmatch
import os
import re
import subprocess
import sys

MAPPED = ("bot/", "ecs/", "include/", "tests/sim/", "tests/lib")


def read(source, name):
    with open(os.path.join(source, name), encoding="utf-8") as f:
        return f.read()


def files(source):
    """Source files, by the folder itself: a copy of the tree has no git."""
    found = []
    for top in ("bot", "ecs", "include", "tests"):
        for folder, _, names in os.walk(os.path.join(source, top)):
            found += [os.path.relpath(os.path.join(folder, n), source) for n in names if n.endswith((".c", ".h", ".py"))]
    return found


def fits(name, pattern):
    """A star stays in its folder."""
    return os.path.dirname(name) == os.path.dirname(pattern) and fnmatch.fnmatchcase(name, pattern)


def map_of_the_source(source):
    text = read(source, "CONTRIBUTING.md")
    part = text[text.index("## The source in reading order"):text.index("## Rules")]
    patterns = sorted(set(re.findall(r"`((?:bot|ecs|include|tests)/[A-Za-z0-9_./*-]+)`", part)))
    names = files(source)
    faults = [f"CONTRIBUTING.md names {p}, which fits no file" for p in patterns if not any(fits(n, p) for n in names)]
    faults += [f"CONTRIBUTING.md has no line for {n}" for n in names
               if n.startswith(MAPPED) and n.endswith((".c", ".h")) and not any(fits(n, p) for p in patterns)]
    print(f"{len(patterns)} lines of the map cover {sum(n.startswith(MAPPED) for n in names)} files")
    return faults


def promised_tests(build, source):
    listed = subprocess.run(["ctest", "--test-dir", build, "-N"], stdout=subprocess.PIPE, text=True, check=True).stdout
    known = set(re.findall(r"Test +#[0-9]+: (\S+)", listed))
    named = set(re.findall(r"`((?:unit|scenario|system|sim|lint|fault|fuzz|conformance)_[a-z0-9_-]+)`", read(source, "SECURITY.md")))
    print(f"{len(named)} tests named by SECURITY.md")
    faults = [f"SECURITY.md names {n}, which ctest does not know" for n in sorted(named - known)]
    return faults + (["SECURITY.md names no test"] if not named else [])


def main():
    build, source = sys.argv[1:3]
    faults = map_of_the_source(source) + promised_tests(build, source)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
