"""AWS's runtime interface emulator, from PyPI's aws-sam-cli, on loopback."""

import http.client
import os
import pathlib
import platform
import socket
import subprocess
import sys
import time

from support.runtime_api import children
from support.tools import ROOT

sys.path.insert(0, str(ROOT / "deploy" / "cloud"))

from function import emulator  # noqa: E402

def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Emulator:
    """The emulator running one runtime; ended when the `with` block is left."""

    def __init__(self, folder, command, timeout=30, env=None):
        bootstrap = folder / "bootstrap"
        # The emulator starts a program without arguments.
        words = " ".join("'%s'" % str(word).replace("'", "'\\''") for word in command)
        bootstrap.write_text(f"#!/bin/sh\nexec {words}\n")
        bootstrap.chmod(0o755)
        self.port = free_port()
        # Without both addresses it would listen on every interface.
        self.process = subprocess.Popen(
            [emulator(), "--runtime-interface-emulator-address", f"127.0.0.1:{self.port}",
             "--runtime-api-address", f"127.0.0.1:{free_port()}", bootstrap, "handler"],
            env={**os.environ, "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout), **(env or {})},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                break
            except OSError:
                assert time.monotonic() < deadline and self.process.poll() is None, "the emulator does not start"
                time.sleep(0.02)
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def invoke(self, body=b"{}"):
        """One event; the answer's body."""
        self.connection.request("POST", "/2015-03-31/functions/function/invocations", body)
        return self.connection.getresponse().read()

    @property
    def runtime(self):
        """The process id of lambda-bootstrap."""
        return children(self.process.pid)[0]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        below = children(self.process.pid)
        self.process.kill()
        self.process.wait()
        for pid in below:
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                pass
