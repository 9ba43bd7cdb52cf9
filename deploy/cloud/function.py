"""A Lambda function on this machine: copies of AWS's runtime interface emulator, one event at a time each."""

import http.client
import pathlib
import platform
import queue
import shlex
import subprocess
import sys
import tempfile
import zipfile

from processes import EndedError, free_port, wait_for_port

FOLDER = pathlib.Path(__file__).resolve().parents[2] / ".build" / "peers"


def emulator():
    """The emulator's path. It is taken out of a package of PyPI's, which is never installed."""
    name = "aws-lambda-rie-" + ("arm64" if platform.machine() == "aarch64" else "x86_64")
    path = FOLDER / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # In a folder of this run's, since another may be downloading it too.
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            done = subprocess.run(
                [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes",
                 "--dest", folder, "-r", pathlib.Path(__file__).with_name("emulator.txt")], stdout=sys.stderr, check=False)
            if done.returncode != 0:
                raise EndedError("AWS's runtime interface emulator could not be downloaded from PyPI: is there a network?")
            (wheel,) = pathlib.Path(folder).glob("aws_sam_cli-*.whl")
            with zipfile.ZipFile(wheel) as archive:
                data = archive.read(f"samcli/local/rapid/{name}")
            partial = pathlib.Path(folder) / name
            partial.write_bytes(data)
            partial.chmod(0o755)
            partial.rename(path)
    return path


class Function:
    """`copies` of a command under the emulator. As in Lambda, a copy has one event at a time, and waits are the caller's."""

    def __init__(self, processes, folder, name, command, copies=1, timeout=29, env=None):
        # The emulator starts a program without arguments.
        bootstrap = pathlib.Path(folder) / f"{name}-bootstrap"
        bootstrap.write_text("#!/bin/sh\nexec " + " ".join(shlex.quote(str(word)) for word in command) + "\n")
        bootstrap.chmod(0o755)
        self.timeout = timeout
        self.log = pathlib.Path(folder) / f"{name}.log"
        self.idle = queue.LifoQueue()
        self.processes = []
        for _ in range(copies):
            port = free_port()
            # Without both addresses it would listen on every interface.
            process = processes.start(
                [emulator(), "--runtime-interface-emulator-address", f"127.0.0.1:{port}",
                 "--runtime-api-address", f"127.0.0.1:{free_port()}", bootstrap, name],
                self.log, env={"AWS_LAMBDA_FUNCTION_NAME": name, "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout),
                     **{key: str(value) for key, value in (env or {}).items()}})
            wait_for_port(port, process)
            self.processes.append(process)
            self.idle.put(port)

    def invoke(self, event):
        """The function's answer to an event, both as bytes. Throws OSError or HTTPException when there is none."""
        port = self.idle.get()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=self.timeout + 30)
            connection.request("POST", "/2015-03-31/functions/function/invocations", event)
            answer = connection.getresponse().read()
            connection.close()
            return answer
        finally:
            self.idle.put(port)
