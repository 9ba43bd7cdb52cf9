"""The children of submitted jobs as local processes, each in the environment that Batch would give it, by its retry rules."""

import os
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

from support.tools import BIN, MODEL, ROOT

ENTRYPOINT = ROOT / "deploy" / "batch-entrypoint.sh"


def container_environment(aws, extra=()):
    """What the image's environment and AWS's services give, without the variables of the machine that tests run on."""
    environment = {name: value for name, value in aws.environment.items() if name.startswith("AWS_") or name == "no_proxy"}
    environment["PATH"] = f"{BIN}:/usr/bin:/bin"
    environment["CLASSIFY_MODEL"] = str(MODEL)
    return {**environment, **dict(extra)}


class Child:
    """One child of an array job, or a plain job."""

    def __init__(self, aws, job, index=None, extra=()):
        self.index = index
        self.environment = container_environment(aws, extra)
        self.environment.update({v["name"]: v["value"] for v in job["container"]["environment"]})
        if index is not None:
            self.environment["AWS_BATCH_JOB_ARRAY_INDEX"] = str(index)
        self.attempts = []
        self.log = b""

    def run(self, interfere=None, attempts=5):
        """Runs attempts until one succeeds or the rules say that no more is of use; gives the last exit status.

        `interfere(process, attempt)` is called when an attempt has begun; what it returns is Batch's status reason."""
        for attempt in range(attempts):
            with tempfile.TemporaryDirectory(prefix="child-") as folder:
                process = subprocess.Popen(
                    [ENTRYPOINT], env={**self.environment, "TMPDIR": folder}, stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
                reason = interfere(process, attempt) if interfere else None
                self.log += process.communicate()[1]
            self.attempts.append((process.returncode, reason))
            if process.returncode == 0 or not is_retried(process.returncode, reason):
                break
        return process.returncode


def is_retried(status, reason):
    """The rules that batchsubmit gives to Batch; a container that was lost has no exit code (here: died by a signal)."""
    if reason and reason.startswith("Your Spot Task was interrupted"):
        return True
    return status == 75 or status < 0


def children(aws, job, extra=()):
    """The children of a job as Batch describes it."""
    size = job.get("arrayProperties", {}).get("size")
    return [Child(aws, job, index, extra) for index in (range(size) if size else [None])]


def run_all(all, interfere=None, at_once=2):
    """Runs children concurrently; gives their last statuses in order."""
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(lambda child: child.run(interfere), all))


def session_of(process):
    """The ids and names of all processes of a child, itself left out."""
    found = []
    for id in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{id}/stat") as file:
                name, fields = file.read().split("(", 1)[1].rsplit(")", 1)
            if int(fields.split()[3]) == process.pid and int(id) != process.pid:
                found.append((int(id), name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def end_host(process, delay):
    """After a while the host is gone: every process of the child at once, so that no exit code is reported."""
    time.sleep(delay)
    if process.poll() is None:
        process.send_signal(signal.SIGSTOP)
        for id, _ in session_of(process):
            try:
                os.kill(id, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.kill()
        return "Host EC2 (instance i-0) terminated."
    return None


def reclaim(process, delay):
    """After a while Spot takes the capacity back: TERM to the container's first process alone."""
    time.sleep(delay)
    if process.poll() is None:
        process.terminate()
        return "Your Spot Task was interrupted."
    return None


def kill_stage(process, delay, stage):
    """A while after the pipeline has begun one tool of it dies; fails where the child ended before."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        running = {name: id for id, name in session_of(process)}
        if {"s3sync", "imgdecode", "classify"} <= running.keys():
            time.sleep(delay)
            os.kill(running[stage], signal.SIGKILL)
            return None
        assert process.poll() is None
        time.sleep(0.002)
    raise TimeoutError("no pipeline")
