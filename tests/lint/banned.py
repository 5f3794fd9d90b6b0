"""Functions that have a safer one in base/, marks of unfinished work, and names of one machine. A test may use a
banned function in a line that says why: NOLINT: reason. Usage: banned.py ROOT
"""
import re
import sys

import gate

FUNCTIONS = {  # what to use, and who may use the banned one
    "malloc": ("base/mem.h", r"bot/base/mem\.c$"),
    "calloc": ("base/mem.h", r"bot/base/mem\.c$"),
    "realloc": ("base/mem.h", r"bot/base/mem\.c$"),
    "reallocarray": ("base/mem.h", r"bot/base/mem\.c$"),
    "strdup": ("base/mem.h", None),
    "strndup": ("base/mem.h", None),
    "asprintf": ("base/buf.h", None),
    "vasprintf": ("base/buf.h", None),
    "alloca": ("base/mem.h", None),
    "strcpy": ("text_copy", None),
    "stpcpy": ("text_copy", None),
    "strncpy": ("text_copy_n", None),
    "strcat": ("base/buf.h", None),
    "strncat": ("base/buf.h", None),
    "sprintf": ("text_format", None),
    "vsprintf": ("text_format", None),
    "snprintf": ("text_format", r"bot/base/"),
    "vsnprintf": ("text_format", r"bot/base/"),
    "gets": ("loop/", None),
    "atoi": ("strtol", None),
    "atol": ("strtol", None),
    "atof": ("strtod", None),
    "gmtime": ("text_time_iso", None),
    "localtime": ("text_time_iso", None),
    "ctime": ("text_time_iso", None),
    "asctime": ("text_time_iso", None),
    "strtok": ("strcspn", None),
    "system": ("loop/process.h", None),
    "popen": ("loop/process.h", None),
}
CALL = re.compile(r"(?<![\w.>])(" + "|".join(FUNCTIONS) + r")[ \t]*\(")
MARK = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"]) + r")\b")
MACHINE = re.compile(r"(?<![\w.-])/(?:" + "|".join(["home", "root", "Users", "work"]) + r")/[\w.-]+")
REASON = re.compile(r"NOLINT: \w")
TEXTS = (".c", ".h", ".py", ".sh", ".txt", ".md", ".yaml", ".yml", ".json", ".cmake", ".service")


def judge_code(name, text):
    said = text.split("\n")
    for at, line in enumerate(gate.code_only(text).split("\n"), 1):
        if name.startswith("tests/") and REASON.search(said[at - 1]):
            continue
        for match in CALL.finditer(line):
            instead, allowed = FUNCTIONS[match.group(1)]
            if not (allowed and re.match(allowed, name)):
                yield name, at, f"{match.group(1)}() is banned: use {instead}"


def judge_text(name, text):
    for at, line in enumerate(text.split("\n"), 1):
        for match in MARK.finditer(line):
            yield name, at, f"unfinished: {match.group(0)}"
        for match in MACHINE.finditer(line):
            yield name, at, f"a path of one machine: {match.group(0)}"


def main(root):
    findings = []
    for name in gate.files(root, *TEXTS):
        text = gate.read(root, name)
        findings += judge_text(name, text)
        if name.endswith((".c", ".h")):
            findings += judge_code(name, text)
    gate.finish(findings)


main(sys.argv[1])
