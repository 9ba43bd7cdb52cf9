"""What s3sync holds in memory: as much for a million objects as for a few, and as much ahead as --read-ahead says."""

import pathlib
import random
import subprocess
import sys
import time

import pytest

from support.endless_listing import Pages
from support.fault_server import fault_server
from support.loopback import serving
from support.s3_peers import environment
from support.tools import tool

S3SYNC = tool("s3sync")


@pytest.fixture(scope="module")
def listing():
    with serving(Pages) as endpoint:
        yield endpoint


# A process that is begun starts its count with its parent's memory, so the parent is a small one.
MEASURE = """
import resource, subprocess, sys
status = subprocess.call(sys.argv[1:])
sys.stderr.write(f"{resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss}")
sys.exit(status)
"""


def peak(endpoint, *arguments):
    """Runs s3sync to its end; gives its peak RSS in KiB and the count of the lines that it printed."""
    done = subprocess.run([sys.executable, "-S", "-c", MEASURE, S3SYNC, *arguments], capture_output=True, timeout=120,
                          stdin=subprocess.DEVNULL, env=environment(endpoint))
    assert done.returncode == 0, done.stderr
    return int(done.stderr), done.stdout.count(b"\n")


FORMS = {
    "list": lambda n: ["--list", f"s3://bucket/all/{n}/"],
    # Half is copied, nothing deleted; the plan goes through its file.
    "plan": lambda n: ["--dry-run", "--delete", f"s3://bucket/all/{n}/", f"s3://bucket/half/{n}/"],
}


@pytest.mark.parametrize("form", FORMS)
def test_memory_does_not_grow_with_the_listing_s5cmd_2_1_0(listing, form):
    few, many = 40_000, 160_000
    small, lines = peak(listing, *FORMS[form](few))
    assert lines >= few // 2
    large, lines = peak(listing, *FORMS[form](many))
    assert lines >= many // 2
    assert large < small + 4096, f"{small} KiB for {few} objects, {large} KiB for {many}"
    assert large < 64 << 10


def settled(measure):
    """A figure that has stopped growing."""
    last, since = measure(), time.monotonic()
    while time.monotonic() - since < 1:
        time.sleep(0.1)
        if measure() != last:
            last, since = measure(), time.monotonic()
    return last


@pytest.mark.alone
@pytest.mark.parametrize("ahead", [4, 24])
def test_read_ahead_bounds_what_is_fetched_and_held(ahead):
    """The reader takes nothing: what is fetched is what may be held, the pipe and the writer's buffer."""
    with fault_server() as server:
        data = random.Random(1).randbytes(1 << 20)
        for index in range(64):
            server.put("bucket", f"in/{index:02}", data)
        child = subprocess.Popen([S3SYNC, "--read-ahead", f"{ahead}M", "s3://bucket/in/", "-"], stdout=subprocess.PIPE,
                                 env=environment(server.endpoint))
        try:
            fetched = settled(lambda: len(server.asked("GET", "in/")))
            # One object is being written, in addition to those that wait.
            assert ahead <= fetched <= ahead + 2
            status = pathlib.Path(f"/proc/{child.pid}/status").read_text()
            held = int(status.split("VmHWM:")[1].split()[0]) // 1024
            assert held < 24 + 2 * ahead, f"{held} MiB"
            assert len(child.stdout.read()) > 64 << 20
            assert child.wait(20) == 0
        finally:
            child.kill()
