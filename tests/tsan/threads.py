#!/usr/bin/env python3
"""Builds what runs on two threads with ThreadSanitizer and runs its tests.

threads.py SOURCE BUILD COMPILER clean|rejects
clean: the store's and the worker's tests run without a report. rejects: a racy program is reported.
"""
import os
import subprocess
import sys

# Those that run on a real loop, with its worker.
TESTS = ["unit_loop_worker", "unit_loop_run", "unit_store_sqlite", "unit_store_stalled", "unit_store_threads"]
ENVIRONMENT = {"TSAN_OPTIONS": "halt_on_error=1:exitcode=66"}


def run(command, **more):
    return subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **more)


def build(source, folder, compiler, targets):
    for command in (["cmake", "-S", source, "-B", folder, "-G", "Ninja", f"-DCMAKE_C_COMPILER={compiler}", "-DCMAKE_BUILD_TYPE=Debug",
                     "-DCLOUDTAK_THREADS_SANITIZE=ON", "-DCLOUDTAK_TESTS=ON"],
                    ["cmake", "--build", folder, "--target", *targets]):
        done = run(command)
        if done.returncode != 0:
            sys.exit(done.stdout[-8000:])


def check(folder, name, must_report):
    done = run([os.path.join(folder, "tests", name)], env={**os.environ, **ENVIRONMENT}, timeout=240, cwd=os.path.join(folder, "tests"))
    reported = "ThreadSanitizer: data race" in done.stdout
    if reported != must_report or (done.returncode != 0) != must_report:
        print(f"{name}: ended with {done.returncode}, {'a' if reported else 'no'} data race reported")
        print(done.stdout[-8000:])
        return False
    print(f"{name}: {'reported' if must_report else 'clean'}")
    return True


def main():
    source, folder, compiler, part = sys.argv[1:]
    folder = os.path.abspath(folder)
    if part == "rejects":
        build(source, folder, compiler, ["racy"])
        return 0 if check(folder, "tsan/racy", True) else 1
    build(source, folder, compiler, TESTS)
    results = [check(folder, name, False) for name in TESTS]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
