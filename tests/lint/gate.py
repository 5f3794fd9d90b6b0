"""What every gate shares: which files are ours, and how findings are told."""
import os
import re
import subprocess
import sys

SAMPLES = "tests/lint/samples/"
SKIP = 77  # ctest's SKIP_RETURN_CODE


def files(root, *endings):
    """Paths below root of what git tracks; of everything when root is no repository (a release, a sample)."""
    if os.path.exists(os.path.join(root, ".git")):
        git = subprocess.run(["git", "-C", root, "ls-files"], capture_output=True, text=True, check=True)
        names = [n for n in git.stdout.splitlines() if os.path.isfile(os.path.join(root, n))]
    else:
        names = []
        for folder, folders, found in os.walk(root):
            folders[:] = [f for f in folders if f not in ("build", "__pycache__")]
            names += [os.path.relpath(os.path.join(folder, n), root) for n in found]
    return sorted(n for n in names if n.endswith(endings or ("",)) and not n.startswith(SAMPLES))


def read(root, name):
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as f:
        return f.read()


def code_only(text):
    """C with comments and the insides of literals blanked; lines stay where they are."""
    def blank(match):
        piece = match.group(0)
        kept = piece[0] + piece[-1] if piece[0] in "\"'" else " "
        return kept + "\n" * piece.count("\n")
    literal = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(r"/\*.*?\*/|//[^\n]*|" + literal, blank, text, flags=re.S)


def finish(findings):
    """One line a finding, "path:line: what"; exit status 1 when there is one."""
    for name, line, what in sorted(findings):
        print(f"{name}:{line}: {what}")
    sys.exit(1 if findings else 0)


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIP)
