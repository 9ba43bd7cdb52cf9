"""An S3 server on loopback for tests (radosgw, which verifies signatures), and its clients' settings."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import boto3
import botocore.config

ACCESS_KEY = "AKTESTKEY00000000001"
SECRET_KEY = "testsecretkey0123456789abcdefghijklmnopqr"
SUPPORT = pathlib.Path(__file__).resolve().parent


def free_port(count=1):
    """A port that is free, and the ones after it."""
    while True:
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                for offset in range(1, count):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port + offset))
                return port
            except OSError:
                continue


def environment(endpoint, **extra):
    """The variables that point a tool at a server, and at nothing else."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {
        **kept,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": "/nonexistent",
        **extra,
    }


def client(endpoint):
    """boto3's client, for preparing and inspecting objects without the tool."""
    return boto3.client(
        "s3", endpoint_url=endpoint, aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET_KEY,
        region_name="us-east-1",
        config=botocore.config.Config(
            s3={"addressing_style": "path"}, request_checksum_calculation="when_required",
            response_checksum_validation="when_required"))


@contextlib.contextmanager
def radosgw():
    """A strict S3 server; gives its endpoint."""
    folder = tempfile.mkdtemp(prefix="rgw-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
    port = free_port(3)
    env = {**os.environ, "RGW_DIR": folder + "/d", "PORT": str(port), "AK": ACCESS_KEY, "SK": SECRET_KEY}
    script = str(SUPPORT / "rgw.sh")
    try:
        subprocess.run(["bash", script, "start"], env=env, check=True, timeout=90, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        yield f"http://127.0.0.1:{port}"
    finally:
        subprocess.run(["bash", script, "stop"], env=env, timeout=60, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        shutil.rmtree(folder, ignore_errors=True)


def tree(folder):
    """Every file below a folder: path to bytes."""
    root = pathlib.Path(folder)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
