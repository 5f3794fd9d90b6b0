"""clang has no complaint either: every file that the build compiles is read once more by clang with the same
warnings. What was clean is remembered in BUILD until the file, a header it sees or the flags change.
Usage: compiles.py ROOT BUILD [FILE...], where the files, if named, stand for all.
"""
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import gate


def flags_of(command):
    """Defines, folders and warnings of a compilation; not its input and output."""
    return [w for w in shlex.split(command) if re.match(r"-(D|I|W|f|std=)", w) and not w.startswith("-Wl,")] + [
        w for pair in re.findall(r"-isystem (\S+)", command) for w in ("-isystem", pair)]


def jobs_of(root, build, named):
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as f:
        entries = json.load(f)
    if named:
        return {name: flags_of(entries[0]["command"]) for name in named}
    tracked = set(gate.files(root, ".c"))
    found = {}
    for e in entries:
        name = os.path.relpath(os.path.join(e["directory"], e["file"]), root)
        if name in tracked:
            found.setdefault(name, flags_of(e["command"]))
    return found


def check(root, name, flags):
    run = subprocess.run(["clang", "-fsyntax-only", *flags, name], cwd=root, capture_output=True, text=True)
    found = re.findall(r"^(.+?):(\d+):\d+: (?:fatal )?error: (.*)$", run.stderr, re.M)
    if run.returncode and not found:
        found = [(name, "1", run.stderr.strip().replace("\n", " "))]
    return [(os.path.normpath(where), int(line), what) for where, line, what in found]


def headers_of(root, name, known):
    """Our headers that a file sees, itself included."""
    if name not in known:
        known[name] = {name}
        for header in re.findall(r'^#[ \t]*include "([^"]+)"', gate.read(root, name), re.M):
            for folder in (os.path.dirname(name), "include", "tests", "."):
                path = os.path.normpath(os.path.join(folder, header))
                if os.path.isfile(os.path.join(root, path)):
                    known[name] |= headers_of(root, path, known)
                    break
    return known[name]


def keys_of(root, jobs):
    """What a finding depends on, as one hash a file."""
    keys = {}
    known = {}
    for name, flags in jobs.items():
        seen = [(path, gate.read(root, path)) for path in sorted(headers_of(root, name, known))]
        keys[name] = hashlib.sha256(repr((flags, seen)).encode()).hexdigest()
    return keys


def load_clean(path):
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f)
    except (OSError, ValueError):
        return {}


def main(root, build, named):
    if not shutil.which("clang"):
        gate.skip("no clang")
    jobs = jobs_of(root, build, named)
    keys = keys_of(root, jobs)
    memory = os.path.join(build, "lint_compiles_clean.json")
    clean = {} if named else load_clean(memory)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {name: pool.submit(check, root, name, flags) for name, flags in jobs.items()
                if clean.get(name) != keys[name]}
        results = {name: run.result() for name, run in runs.items()}
    if not named:
        with open(memory, "w", encoding="utf-8") as f:
            json.dump({name: key for name, key in keys.items() if not results.get(name)}, f)
    gate.finish({finding for found in results.values() for finding in found})


main(os.path.abspath(sys.argv[1]), sys.argv[2], sys.argv[3:])
