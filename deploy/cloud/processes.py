"""Programs started for the local cloud, each in a process group of its own, and all of them ended again."""

import os
import signal
import socket
import subprocess
import time


class EndedError(Exception):
    """Something that the cloud needs did not start, or has ended: what it was, and where it wrote why."""


class Processes:
    """A `with` block that ends what was started in it, newest first, also when it is left by a signal."""

    def __init__(self):
        self.started = []

    def start(self, command, log, env=None, cwd=None):
        """Starts a program that writes both its outputs to the file `log`."""
        with open(log, "ab") as output:
            process = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env={**os.environ, **(env or {})}, cwd=cwd, start_new_session=True)
        process.log = log
        self.started.append(process)
        return process

    def check(self):
        """Fails when a program has ended by itself."""
        for process in self.started:
            if process.poll() is not None:
                raise EndedError(f"{name_of(process)} has ended with status {process.returncode}: see {process.log}")

    def end(self, process):
        """Ends the group: politely, then after three seconds by force."""
        for number in signal.SIGTERM, signal.SIGKILL:
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                break
            deadline = time.monotonic() + 3
            while time.monotonic() < deadline and _alive(process):
                time.sleep(0.02)
        process.wait()

    def __enter__(self):
        # SIGTERM leaves the block as Ctrl-C does.
        numbers = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
        self.before = {number: signal.getsignal(number) for number in numbers}
        signal.signal(signal.SIGTERM, _interrupt)
        signal.signal(signal.SIGHUP, _interrupt)
        return self

    def __exit__(self, *_):
        # A second Ctrl-C must not leave anything running.
        for number in self.before:
            signal.signal(number, signal.SIG_IGN)
        for process in reversed(self.started):
            self.end(process)
        # What is ignored here would be ignored by every program started later.
        for number, handler in self.before.items():
            signal.signal(number, handler)


def _interrupt(*_):
    raise KeyboardInterrupt


def _alive(process):
    """Whether anything is left in the group of `process`."""
    process.poll()
    try:
        os.killpg(process.pid, 0)
        return True
    except (ProcessLookupError, PermissionError):
        return False


def free_port():
    """A port of the loopback interface that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def name_of(process):
    """What a program that was started is called."""
    words = process.args
    return words[words.index("-m") + 1] if "-m" in words else os.path.basename(words[0])


def wait_for_port(port, process, seconds=60):
    """Returns when something listens on `port` of the loopback interface; fails when `process` ends first."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None:
                raise EndedError(f"{name_of(process)} has ended with status {process.returncode}: see {process.log}") from None
            if time.monotonic() > deadline:
                raise EndedError(f"{name_of(process)} does not listen on port {port}: see {process.log}") from None
            time.sleep(0.05)
