"""A file, a function and a line have ceilings. Functions begin with a brace in the first column, as clang-format
leaves them. Usage: sizes.py ROOT
"""
import sys
import unicodedata

import gate

FILE_LINES = 500
FUNCTION_LINES = 70
COLUMNS = 110


def width(line):
    marks = sum(unicodedata.combining(c) != 0 or c in "\u200d\ufe0f" for c in line)
    return len(line.expandtabs(8)) - marks


def functions(lines):
    """The first line of each function's head, its name, and its length in lines."""
    for at, line in enumerate(lines):
        if line != "{":
            continue
        first = at
        while first > 0 and lines[first - 1].strip() and lines[first - 1][0] not in "}/*#" \
                and not lines[first - 1].startswith(" *") and not lines[first - 1].endswith(";"):
            first -= 1
        if "}" not in lines[at:]:
            continue
        last = lines.index("}", at)
        head = " ".join(lines[first:at]).split("(")[0]
        yield first + 1, head.replace("*", " ").split()[-1] if head.split() else "?", last - first + 1


def main(root):
    findings = []
    for name in gate.files(root, ".c", ".h"):
        lines = gate.read(root, name).split("\n")
        if lines[-1] == "":
            lines.pop()
        if len(lines) > FILE_LINES:
            findings.append((name, 1, f"{len(lines)} lines, at most {FILE_LINES}"))
        for at, what, length in functions(lines):
            if length > FUNCTION_LINES:
                findings.append((name, at, f"{what} has {length} lines, at most {FUNCTION_LINES}"))
        for at, line in enumerate(lines, 1):
            if width(line) > COLUMNS:
                findings.append((name, at, f"{width(line)} columns, at most {COLUMNS}"))
    gate.finish(findings)


main(sys.argv[1])
