"""Running s3sync against a server in this process."""

import subprocess

import pytest

from support.fault_server import fault_server
from support.s3_peers import environment
from support.tools import tool

S3SYNC = tool("s3sync")


@pytest.fixture
def server():
    """A fault server with an empty bucket, `bucket`."""
    with fault_server() as server:
        server.objects["bucket"] = {}
        yield server


def sync(server, *arguments, stdin=b"", timeout=60, **extra):
    """Runs s3sync to its end; gives what `subprocess.run` gives."""
    return subprocess.run([S3SYNC, *map(str, arguments)], input=stdin, capture_output=True, timeout=timeout,
                          env=environment(server.endpoint, **extra))


def keys(server):
    return set(server.objects["bucket"])
