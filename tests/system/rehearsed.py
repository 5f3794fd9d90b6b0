"""`cloudtak-bot rehearse` of a build without fault points, in fast time, with a simulator that also listens to the test (between.py)."""
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from harness import Sim, Trouble, wait_until
from weather import World

HERE = os.path.dirname(os.path.abspath(__file__))


class Told(Sim):
    """The simulator of a rehearsal, over the test's socket."""

    def __init__(self, path):  # pylint: disable=super-init-not-called
        self.events = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.listener.settimeout(20)

    def accept(self):
        peer, _ = self.listener.accept()
        self.to = peer.makefile("w", encoding="utf-8")
        threading.Thread(target=self._hear, args=(peer.makefile("r", encoding="utf-8"),), daemon=True).start()

    def _hear(self, lines):
        for line in lines:
            event = json.loads(line)
            event["heard"] = time.monotonic()
            self.events.append(event)

    def do(self, **what):
        self.to.write(json.dumps(what) + "\n")
        self.to.flush()

    def close(self):
        self.listener.close()


class Rehearsal:
    """What World expects of a bot."""

    def __init__(self, folder, speed):
        self.folder, self.speed, self.log, self.process = folder, speed, [], None

    def start(self):
        self.process = subprocess.Popen([os.path.join(self.folder, "cloudtak-bot"), "rehearse", "--speed", str(self.speed)], stdin=subprocess.PIPE,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True).start()

    def stop(self):
        self.process.stdin.write("quit\n")
        self.process.stdin.close()
        return self.process.wait(timeout=30)

    def died(self):
        return self.process.poll()

    def close(self):
        if self.process and self.died() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Rehearsed(World):
    def __init__(self, build, speed):  # pylint: disable=super-init-not-called
        folder = tempfile.mkdtemp(prefix="cloudtak-test-")
        path = os.path.join(folder, "test")
        shutil.copy(os.path.join(build, "cloudtak-bot"), folder)
        between = os.path.join(folder, "cloudtak-sim")
        with open(between, "w", encoding="utf-8") as f:
            f.write(f'#!/bin/sh\nexec "{sys.executable}" "{HERE}/between.py" "{path}" "{os.path.abspath(build)}/cloudtak-sim" "$@"\n')
        os.chmod(between, 0o700)
        self.sim = Told(path)
        self.bot = Rehearsal(folder, speed)

    def start(self):
        self.bot.start()
        self.sim.accept()
        wait_until("the simulator is ready", lambda: [e for e in self.sim.events if e.get("ready")], 20)
        return self

    def ends_well(self):
        if self.bot.stop() != 0:
            raise Trouble(f"the rehearsal ended with {self.bot.died()}:\n" + "".join(self.bot.log))
