#!/usr/bin/env python3
"""Stands between `cloudtak-bot rehearse` and its simulator, so that a test may tell the simulator things too and sees all that it tells.

between.py SOCKET SIMULATOR [WORD…]: as the simulator; SOCKET is a Unix socket on which the test listens
"""
import socket
import subprocess
import sys
import threading

NOISE = ('"event":"ack"', '"event": "ack"', '"event":"flood"', '"event": "flood"')  # a rehearsal shows neither; thousands come in a flood


def main():
    test = socket.socket(socket.AF_UNIX)
    test.connect(sys.argv[1])
    sim = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    one_at_a_time = threading.Lock()

    def pass_on(lines, last):
        for line in lines:
            with one_at_a_time:
                if sim.stdin.closed:
                    return
                sim.stdin.write(line)
                sim.stdin.flush()
        if last:
            with one_at_a_time:
                sim.stdin.close()

    threading.Thread(target=pass_on, args=(sys.stdin, True), daemon=True).start()
    threading.Thread(target=pass_on, args=(test.makefile("r", encoding="utf-8"), False), daemon=True).start()
    with test.makefile("w", encoding="utf-8") as told:
        for line in sim.stdout:
            told.write(line)
            told.flush()
            if not any(noise in line for noise in NOISE):
                sys.stdout.write(line)
                sys.stdout.flush()
    return sim.wait()


if __name__ == "__main__":
    sys.exit(main())
