"""An account in moto or in MiniStack, with what the scripts of deploy/ call on the PATH: the real AWS CLI, and doubles for the
builder, for curl and for calls of functions, which neither server runs."""

import contextlib
import fcntl
import json
import pathlib
import subprocess
import sys
import time
import urllib.request

from support.tools import ROOT

sys.path.insert(0, str(ROOT / "deploy" / "cloud"))

from processes import Processes, free_port, wait_for_port  # noqa: E402

ACCOUNT, REGION = "123456789012", "eu-west-1"
SUPPORT = pathlib.Path(__file__).resolve().parent

# A function answers unless there is a file `broken`; its answer goes to the last word.
AWS = """#!/bin/bash
if [ "$1 $2" = "lambda invoke" ]; then
  answer='{"statusCode":200,"body":"predictions"}'
  [ ! -e FOLDER/broken ] || answer='{"errorType":"Runtime.ExitError"}'
  printf %s "$answer" >"${@: -1}"
  echo None
  exit
fi
exec CLI "$@"
"""
# A push leaves a manifest of its own in the repository, so that it has a digest: moto's is that of the layers', or one of a hundred.
DOCKER = """#!/bin/bash
case $1 in
login) cat >/dev/null ;;
push) name=${2#*/}
  aws ecr put-image --repository-name "${name%:*}" --image-tag "${name##*:}" --image-manifest "{\\"schemaVersion\\": 2,
    \\"mediaType\\": \\"application/vnd.docker.distribution.manifest.v2+json\\", \\"config\\": {\\"digest\\": \\"${name##*:}\\"},
    \\"layers\\": [{\\"digest\\": \\"${name##*:}\\"}]}" >/dev/null ;;
esac
"""


def ministack():
    """The program, installed in a folder of its own: it wants another botocore than moto. Pinned with hashes."""
    folder, wanted = ROOT / ".build" / "ministack", ROOT / "Tests" / "ministack.txt"
    installed = folder / "installed.txt"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed.exists() or installed.read_bytes() != wanted.read_bytes():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            subprocess.run(
                [folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", wanted],
                check=True)
            installed.write_bytes(wanted.read_bytes())
    return folder / "bin" / "ministack"


def start_moto(processes, folder, port):
    server = processes.start([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", port], folder / "moto.log")
    wait_for_port(port, server)
    settings = json.dumps({"batch": {"use_docker": False}}).encode()
    urllib.request.urlopen(
        urllib.request.Request(f"http://127.0.0.1:{port}/moto-api/config", settings, method="POST")).close()


def start_ministack(processes, folder, port):
    """On the loopback interface alone; the key id names the account."""
    server = processes.start([ministack()], folder / "ministack.log", cwd=folder, env={
        "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "MINISTACK_REGION": REGION, "MINISTACK_ACCOUNT_ID": ACCOUNT,
        "TMPDIR": str(folder)})
    wait_for_port(port, server)


class Cloud:
    """Runs commands with that PATH; `endpoint` is the server's address."""

    def __init__(self, folder, endpoint, kind):
        self.folder, self.endpoint = folder, endpoint
        self.environment = {
            "PATH": f"{folder}/bin:/usr/bin:/bin", "HOME": str(folder), "AWS_ENDPOINT_URL": endpoint, "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,  # the CLI of version 1 knows only this one
            "AWS_ACCESS_KEY_ID": "AKIDTEST" if kind == "moto" else ACCOUNT, "AWS_SECRET_ACCESS_KEY": "secret", "CLOUD_KIND": kind,
            "INSTALL_POLL_SECONDS": "0"}

    def __call__(self, *words):
        return subprocess.run(words, capture_output=True, text=True, timeout=240, env=self.environment, cwd=self.folder)

    def script(self, name, *arguments):
        return self(ROOT / "deploy" / name, *arguments)

    def aws(self, *words):
        """The answer of a call that must succeed, parsed."""
        done = self("aws", *words, "--output", "json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def stack(self, name):
        return self.aws("cloudformation", "describe-stacks", "--stack-name", name)["Stacks"][0]

    def outputs(self, name):
        return {output["OutputKey"]: output["OutputValue"] for output in self.stack(name)["Outputs"]}

    def parameters(self, name):
        return {slot["ParameterKey"]: slot["ParameterValue"] for slot in self.stack(name)["Parameters"]}

    def held(self, name):
        """What the stack holds, by name."""
        listed = self.aws("cloudformation", "describe-stack-resources", "--stack-name", name)["StackResources"]
        return {entry["LogicalResourceId"] for entry in listed if entry.get("LogicalResourceId")}


@contextlib.contextmanager
def cloud(folder, kind):
    """`kind` is moto or ministack."""
    with Processes() as processes:
        port = free_port()
        {"moto": start_moto, "ministack": start_ministack}[kind](processes, folder, port)
        bin = folder / "bin"
        bin.mkdir()
        cli = [sys.executable, "-I", "-S", str(SUPPORT / "aws_cli.py")]
        server = processes.start([sys.executable, cli[-1], "serve", folder / "cli"], folder / "cli.log")
        (bin / "aws").write_text(AWS.replace("CLI", f"{' '.join(cli)} call {folder}/cli").replace("FOLDER", str(folder)))
        (bin / "docker").write_text(DOCKER)
        (bin / "curl").write_text("#!/bin/sh\necho 200\n")
        for command in bin.iterdir():
            command.chmod(0o755)
        deadline = time.monotonic() + 60
        while not (folder / "cli").exists():
            assert server.poll() is None and time.monotonic() < deadline, (folder / "cli.log").read_text()
            time.sleep(0.05)
        yield Cloud(folder, f"http://127.0.0.1:{port}", kind)


