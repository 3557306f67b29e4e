"""Run by test_checkpoint_kills: forks runs, kills them, resumes them, and compares.

Prints how many were killed; exits with an error where a resumed run differs.
"""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
from checkpoint_cases import CASES, difference

import riemgn as rg
from riemgn.checkpoints import read_checkpoint

MOST = 14
PIECES = 3


class Fuse:
    """Kills this process at the count-th step of writing a file."""

    def __init__(self, count):
        self.left = count

    def step(self):
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1

    def lay(self):
        """Step before and after everything that touches the file, and within the writing."""
        fsync, replace, unlink = os.fsync, os.replace, Path.unlink

        def write_bytes(path, data):
            with open(path, "wb") as file:
                self.step()
                for piece in np.array_split(np.frombuffer(data, dtype=np.uint8), PIECES):
                    file.write(piece.tobytes())
                    file.flush()
                    self.step()

        Path.write_bytes = write_bytes
        os.fsync = lambda file: (self.step(), fsync(file))
        os.replace = lambda *paths: (self.step(), replace(*paths), self.step())
        Path.unlink = lambda path, **options: (self.step(), unlink(path, **options))


# 1 after opening, one after each piece, before fsync, around replace, before unlink
STEPS_OF_A_WRITE = 1 + PIECES + 1 + 2 + 1
BEFORE_REPLACED = 1 + PIECES + 1 + 1


def run(problem, x, path):
    options = {"max_iterations": MOST, "checkpoint": path, "checkpoint_seconds": 0}
    return rg.minimize(problem, x, **options)


def go_on(problem, x, path):
    return rg.resume(path, problem) if path.exists() else run(problem, x, path)


def forked(work):
    """Start `work` in another process and return its id."""
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return child


def was_killed(child):
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert status == 0
    return False


def check(problem, x, path, whole):
    """Go on from what is on disk, and leave nothing there."""
    result = go_on(problem, x, path)
    assert difference(whole, result) is None, difference(whole, result)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    path.unlink()


def in_writes(problem, x, path, whole, stride):
    """Kill at every stride-th step of writing."""
    for killed, count in enumerate(range(0, 10**6, stride)):

        def work(count=count):
            Fuse(count).lay()
            run(problem, x, path)

        if not was_killed(forked(work)):
            return killed
        write, place = divmod(count, STEPS_OF_A_WRITE)
        written = write + (place >= BEFORE_REPLACED)
        records = len(read_checkpoint(path).records) if path.exists() else 0
        assert records == min(written, len(whole.history)), (count, records)
        check(problem, x, path, whole)
    raise AssertionError("no run came to its end")


def at_random(problem, x, path, whole, count):
    """Kill after random times, and the runs resumed from there once more."""
    draws = np.random.default_rng(0)
    began = time.perf_counter()
    run(problem, x, path)
    length = time.perf_counter() - began
    path.unlink()
    killed = 0
    for _ in range(count):
        for _ in range(2):
            child = forked(lambda: go_on(problem, x, path))
            time.sleep(length * draws.random())
            os.kill(child, signal.SIGKILL)
            killed += was_killed(child)
        check(problem, x, path, whole)
    return killed


def main(mode, case, number, folder):
    problem, x = CASES[case]()
    whole = rg.minimize(problem, x, max_iterations=MOST)
    modes = {"in-writes": in_writes, "at-random": at_random}
    print(modes[mode](problem, x, Path(folder) / "run.npz", whole, int(number)))


if __name__ == "__main__":
    main(*sys.argv[1:])
