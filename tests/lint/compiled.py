"""What the gates share that read each file as the build compiles it: its flags, the headers it sees, and a memory
of what was clean until the file, a header or the flags change."""
import concurrent.futures
import hashlib
import json
import os
import re
import shlex

import gate


def flags_of(command):
    """Defines, folders and warnings of a compilation; not its input and output."""
    return [w for w in shlex.split(command) if re.match(r"-(D|I|W|f|std=)", w) and not w.startswith("-Wl,")] + [
        w for pair in re.findall(r"-isystem (\S+)", command) for w in ("-isystem", pair)]


def jobs_of(root, build, named):
    """Flags by file: of the named files (with anybody's flags), else of all that the build compiles."""
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


def keys_of(root, jobs, rules):
    """What a finding depends on, as one hash a file. rules: what else it depends on."""
    keys = {}
    known = {}
    for name, flags in jobs.items():
        seen = [(path, gate.read(root, path)) for path in sorted(headers_of(root, name, known))]
        keys[name] = hashlib.sha256(repr((flags, seen, rules)).encode()).hexdigest()
    return keys


def load_clean(path):
    try:
        with open(path, encoding="utf-8") as f:
            return json.load(f)
    except (OSError, ValueError):
        return {}


def judge(root, jobs, check, memory, rules=""):
    """The findings of check(root, name, flags) over all jobs. memory: the file that remembers what was clean, or
    None."""
    keys = keys_of(root, jobs, rules)
    clean = load_clean(memory) if memory else {}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {name: pool.submit(check, root, name, flags) for name, flags in jobs.items()
                if clean.get(name) != keys[name]}
        results = {name: run.result() for name, run in runs.items()}
    if memory:
        with open(memory, "w", encoding="utf-8") as f:
            json.dump({name: key for name, key in keys.items() if not results.get(name)}, f)
    return {finding for found in results.values() for finding in found}
