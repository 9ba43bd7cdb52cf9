"""Makes `support` importable from every test file, signals mean what they mean, and sums the time of each part's tests."""

import collections
import pathlib
import re
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

# A shell's background job ignores SIGINT, and so would every tool that a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Of each part: the seconds of its tests with their fixtures, and how many tests ran.
seconds, counts = collections.Counter(), collections.Counter()


def pytest_runtest_logreport(report):
    part = re.search(r"test_([a-z0-9]+)", report.nodeid)[1]
    seconds[part] += report.duration
    counts[part] += report.when == "call"


def pytest_terminal_summary(terminalreporter):
    if len(counts) > 1:
        for part, time in seconds.most_common():
            terminalreporter.line(f"{time:5.0f} s  {part}: {counts[part]} tests")
