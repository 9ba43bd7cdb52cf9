"""Times a pipeline of 10,000 JPEGs without S3, then the same images through S3, batchsubmit and the entrypoint.

Both use the machine alone, one pipeline at a time. The S3 server is moto, a Python program on the same cores, so the
difference is an upper bound of what S3 costs; the CPU seconds of our own processes are printed next to it."""

import json
import resource
import shlex
import subprocess
import sys
import tarfile
import tempfile
import time

from support.batch_account import BUCKET, account
from support.batch_children import Child
from support.tools import MODEL, SHARED, run, tool


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def timed(work):
    """Wall and CPU seconds of the processes that the work starts and waits for."""
    wall, cpu = time.monotonic(), cpu_seconds()
    work()
    return time.monotonic() - wall, cpu_seconds() - cpu


def tell(name, images, wall, cpu):
    print(json.dumps({
        "path": name, "images": images, "seconds": round(wall, 2), "cpuSeconds": round(cpu, 2),
        "imagesPerSecond": round(images / wall, 1)}), flush=True)


def main():
    archive = SHARED / "data" / "cifar10-test.tar"
    with tempfile.TemporaryDirectory() as folder, account() as aws:
        with tarfile.open(archive) as images:
            images.extractall(folder, filter="data")
        pipe = f"{tool('imgdecode')} --resize 224 < {shlex.quote(str(archive))} | " \
            f"{tool('classify')} --model {shlex.quote(str(MODEL))} > {folder}/part.ndjson"
        wall, cpu = timed(lambda: subprocess.run(["bash", "-c", "set -o pipefail; " + pipe], check=True))
        with open(f"{folder}/part.ndjson") as part:
            direct = {"input/" + line["image"]: line["predictions"] for line in map(json.loads, part)}
        tell("pipeline", len(direct), wall, cpu)

        def upload():
            result = run([tool("s3sync"), "--quiet", f"{folder}/test", f"s3://{BUCKET}/input/test/"], env=aws.environment,
                         timeout=900)
            assert result.returncode == 0, result.stderr

        tell("upload", len(direct), *timed(upload))
        submitted = []

        def submit():
            listing = run([tool("s3sync"), "--list", f"s3://{BUCKET}/input/"], env=aws.environment)
            result = run([tool("batchsubmit"), "--images-per-child", "5000"], stdin=listing.stdout, env=aws.environment)
            assert result.returncode == 0, result.stderr
            submitted.append(json.loads(result.stdout))

        tell("list and submit", len(direct), *timed(submit))
        (job,) = aws.jobs([submitted[0]["jobId"]])
        all = [Child(aws, job, index, [("IMGDECODE_OPTIONS", "--resize 224")]) for index in range(submitted[0]["arraySize"])]

        def classify():
            for child in all:
                assert child.run() == 0, child.log

        tell("children", len(direct), *timed(classify))
        keys = sorted(key for key in aws.keys("output/") if "/part-" in key)
        lines = [json.loads(line) for key in keys for line in aws.text(key).splitlines()]
        assert len(lines) == len(direct) and {line["image"]: line["predictions"] for line in lines} == direct
        right = sum(line["predictions"][0]["label"] == line["image"].split("/")[-2] for line in lines)
        print(json.dumps({"lines": len(lines), "eachOnce": True, "asInOneProcess": True, "top1": right / len(lines)}))
        sys.stderr.write(b"".join(child.log for child in all).decode())


main()
