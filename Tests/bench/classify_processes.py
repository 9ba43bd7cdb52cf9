"""The processes that are timed: classify and one for each peer, all loaded at once, one awake at a time.

They take turns, so that other load on the machine affects all equally; the others are stopped, so that none of their
threads spins.
"""

import contextlib
import io
import json
import os
import pathlib
import signal
import subprocess
import sys
import tarfile
import time

import numpy as np

from support.tools import BIN


def images(batch):
    """(batch, 3, 224, 224), the same for every engine."""
    return np.random.default_rng(0).standard_normal((batch, 3, 224, 224), dtype=np.float32)


def start(command, threads, stdin=subprocess.PIPE, **options):
    """A process on the first `threads` of the processors that this one may use, its output in a pipe."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:threads])
    try:
        return subprocess.Popen([str(part) for part in command], stdin=stdin, stdout=subprocess.PIPE, **options)
    finally:
        os.sched_setaffinity(0, allowed)


class Timed:
    """A stopped process that is woken for its turns."""

    def __init__(self, command, threads, **options):
        self.process = start(command, threads, **options)

    def sleep(self):
        self.process.send_signal(signal.SIGSTOP)

    def wake(self):
        self.process.send_signal(signal.SIGCONT)

    def peak_rss(self):
        """MiB since exec; getrusage would count the process that started it."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024

    def end(self):
        self.wake()
        self.process.stdin.close()
        if self.process.wait(timeout=60) != 0:
            raise RuntimeError(f"{self.process.args}: exit status {self.process.returncode}")


class Peer(Timed):
    def __init__(self, engine, model, batch, threads):
        script = pathlib.Path(__file__).with_name("classify_peer.py")
        super().__init__([sys.executable, script, engine, model, batch, threads], threads, stderr=subprocess.DEVNULL)
        self.batch, self.milliseconds = batch, []

    def ready(self):
        """Waits for its answers to the first run, (batch, classes)."""
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args} ended")
        self.answers = np.array(json.loads(line), np.float32)
        self.sleep()

    def turn(self, repetitions):
        self.wake()
        self.process.stdin.write(b"%d\n" % repetitions)
        self.process.stdin.flush()
        self.milliseconds += [ms / self.batch for ms in json.loads(self.process.stdout.readline())]
        self.sleep()

    def result(self):
        """The median and the 95th percentile of a repetition, milliseconds per image."""
        self.end()
        return float(np.median(self.milliseconds)), float(np.percentile(self.milliseconds, 95))


class Classify(Timed):
    """Fed with a tar whose every member is one batch, and timed from the batch's last byte to its answers.

    A batch is a stream of so many images to it, on one thread each; an image that is alone runs on all threads.
    """

    def __init__(self, model, batch, threads, *flags):
        super().__init__([BIN / "classify", "--model", model, "--threads", threads, *flags], threads)
        self.milliseconds = []
        tensor, archive = io.BytesIO(), io.BytesIO()
        np.save(tensor, images(batch))
        with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            member = tarfile.TarInfo("batch.npy")
            member.size = tensor.tell()
            tensor.seek(0)
            tar.addfile(member, tensor)
            self.member = archive.getvalue()[:tar.offset]
        self.batch = batch

    def ready(self):
        """The first run; its answers are those of `once`."""
        self.answers = self.once()[1]
        self.sleep()

    def once(self):
        """Milliseconds, and the (index, probability) of the first five classes of each image."""
        # Nothing runs before an image's last byte: the pipe's transport of the others is not counted.
        self.process.stdin.write(self.member[:-1024])
        self.process.stdin.flush()
        before = time.perf_counter()
        self.process.stdin.write(self.member[-1024:])
        self.process.stdin.flush()
        lines = [self.process.stdout.readline() for _ in range(self.batch)]
        elapsed = (time.perf_counter() - before) * 1e3
        predictions = [json.loads(line)["predictions"] for line in lines]
        return elapsed, [[(p["index"], p["probability"]) for p in one] for one in predictions]

    def turn(self, repetitions):
        self.wake()
        self.once()
        self.milliseconds += [self.once()[0] / self.batch for _ in range(repetitions)]
        self.sleep()

    def result(self):
        """As `Peer.result`."""
        self.process.stdin.write(bytes(1024))
        self.end()
        return float(np.median(self.milliseconds)), float(np.percentile(self.milliseconds, 95))


@contextlib.contextmanager
def killed_at_end(engines):
    """Kills the processes of the engines, those added in the block too: a stopped one would outlive this program."""
    try:
        yield
    finally:
        for engine in engines.values():
            engine.process.kill()


def interleave(engines, rounds, repetitions):
    """Times engines that are ready: in each round each has a turn, and none always follows the same."""
    order = list(engines.values())
    for _ in range(rounds):
        for engine in order:
            engine.turn(repetitions)
        order = order[1:] + order[:1]


def medians(engines, rounds, repetitions):
    """The median milliseconds of each engine, interleaved."""
    with killed_at_end(engines):
        for engine in engines.values():
            engine.ready()
        interleave(engines, rounds, repetitions)
        return {name: engine.result()[0] for name, engine in engines.items()}


def agree(answers, reference):
    """Whether a peer's answers are the reference's to a thousandth of the largest."""
    return np.abs(answers - reference).max() <= 1e-3 * np.abs(reference).max()


def agree_first(answers, reference):
    """The same for classify's first classes, whose probabilities are to be what the reference makes of them."""
    if not (np.all(reference >= 0) and np.allclose(reference.sum(axis=1), 1, atol=1e-3)):
        powers = np.exp(reference - reference.max(axis=1, keepdims=True))
        reference = powers / powers.sum(axis=1, keepdims=True)
    return all(abs(probability - row[index]) <= 1e-3 * row.max() and first[0][1] >= row.max() * (1 - 1e-3)
               for first, row in zip(answers, reference) for index, probability in first)
