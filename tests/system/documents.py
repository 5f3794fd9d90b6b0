#!/usr/bin/env python3
"""What the documents promise of the source holds: CONTRIBUTING's map covers every source file and every folder of tests and names none that is gone; the README's commands
are those of help, its libraries those of the build; each test that SECURITY.md names exists.

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
    tests = sorted(n for n in os.listdir(os.path.join(source, "tests")) if os.path.isdir(os.path.join(source, "tests", n)) and n[0] not in "._")
    faults += [f"CONTRIBUTING.md has no line for tests/{n}" for n in tests if not any(p.startswith(f"tests/{n}/") for p in patterns)]
    print(f"{len(patterns)} lines of the map cover {sum(n.startswith(MAPPED) for n in names)} files")
    return faults


def help_of(build):
    argv = [os.path.join(build, "cloudtak-bot"), "rehearse", "--exec", "help"]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout


def commands(told, readme):
    """The README's table and help name the same commands, with the same words behind them where the table has some."""
    usages = {u.split()[0]: re.sub(r" \[--reason TEXT\]", "", u) for u in re.findall(r"^   ([a-z][a-z-]*(?: [^:\n]*)?): ", told, re.M)}
    table = readme[readme.index("## Commands"):readme.index("A mention,")]
    shown = {u.split()[0]: u for cell in re.findall(r"^\| (`.*?`) \| [^`]*? \| ", table, re.M) for u in re.findall(r"`([^`]+)`", cell.replace("\\|", "|"))}
    if len(usages) < 5 or len(shown) < 5:
        return [f"help has {len(usages)} commands, the README {len(shown)}: are they read rightly?"]
    return ([f"the README's table lacks the command {n}" for n in sorted(set(usages) - set(shown))] +
            [f"help does not know the README's command {n}" for n in sorted(set(shown) - set(usages))] +
            [f"the README writes {u}, help {usages[n]}" for n, u in sorted(shown.items()) if " " in u and n in usages and u != usages[n]])


LIBRARIES = {  # as the build asks for it; "" = headers only: the README's name, the header that is included
    "libuv": ("libuv", "uv.h"), "libwebsockets": ("libwebsockets", "libwebsockets.h"), "libcurl": ("libcurl", "curl/"),
    "libcrypto": ("OpenSSL", "openssl/"), "jansson": ("jansson", "jansson.h"), "sqlite3": ("SQLite", "sqlite3.h"), "yaml-0.1": ("libyaml", "yaml.h"),
    "expat": ("expat", "expat.h"), "cmocka": ("cmocka", "cmocka.h"), "": ("uthash", "uthash.h")}


def libraries(source):
    built = "".join(read(source, n) for n in ("CMakeLists.txt", "tests/CMakeLists.txt"))
    asked = set(re.findall(r"pkg_check_modules\(\S+ REQUIRED IMPORTED_TARGET ([a-z0-9.-]+?)(?:>=\S+)?\)", built)) | {""}
    readme = read(source, "README.md")
    part = readme[readme.index("## Libraries"):readme.index("## The source")]
    shown = set(re.findall(r"^\| ([A-Za-z0-9]+) \| ", part, re.M)) - {"library"}
    included = "".join(read(source, n) for n in files(source) if n.endswith((".c", ".h")))
    faults = [f"the build asks for {n}, which is not known here" for n in sorted(asked - set(LIBRARIES))]
    faults += [f"{name} is not used" for n, (name, header) in sorted(LIBRARIES.items()) if n not in asked or f"#include <{header}" not in included]
    names = {LIBRARIES[n][0] for n in asked if n in LIBRARIES}
    return faults + [f"the README and the build differ in the library {n}" for n in sorted(names ^ shown)]


def promised_tests(build, source):
    listed = subprocess.run(["ctest", "--test-dir", build, "-N"], stdout=subprocess.PIPE, text=True, check=True).stdout
    known = set(re.findall(r"Test +#[0-9]+: (\S+)", listed))
    groups = "|".join(sorted({n.split("_")[0] for n in known}))
    named = set(re.findall(rf"`((?:{groups})(?:_[a-z0-9_-]+)?)`", read(source, "SECURITY.md")))
    print(f"{len(named)} tests named by SECURITY.md")
    faults = [f"SECURITY.md names {n}, which ctest does not know" for n in sorted(named - known)]
    promises = re.findall(r"^- .*?(?=^- |^$)", read(source, "SECURITY.md"), re.M | re.S)
    faults += [f"SECURITY.md names no test for: {' '.join(p.split())[:80]}…" for p in promises if not any(f"`{n}`" in p for n in named)]
    return faults + (["SECURITY.md names no test"] if not named else [])


def main():
    build, source = sys.argv[1:3]
    faults = map_of_the_source(source) + commands(help_of(build), read(source, "README.md")) + libraries(source) + promised_tests(build, source)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
