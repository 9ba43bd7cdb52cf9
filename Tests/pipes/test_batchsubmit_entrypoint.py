"""The entrypoint's own part: statuses, signals and the environment, with stages that a test controls."""

import io
import json
import os
import shutil
import signal
import subprocess
import tarfile
import time

import pytest
from support.batch_server import aws_environment
from support.tools import ROOT, run, tool

ENTRYPOINT = ROOT / "deploy" / "batch-entrypoint.sh"
DOUBLE = """#!/bin/bash
# A stage: copies its input, sleeps, and exits; variables state the seconds and the status.
name=${0##*/}
echo "$name $*" >>"$CALLS"
status=${name}_STATUS seconds=${name}_SECONDS
case "$name $1" in
"s3sync --quiet") cp "$2" "$PUBLISHED"; exit 0 ;;
"s3sync --files-from") cat "$2" ;;
"s3sync "*) printf '%s' "$LIST"; exit "${manifest_STATUS-0}" ;;
*) cat ;;
esac
sleep "${!seconds-0}"
case ${!status-0} in
141) kill -PIPE $$ ;;
137) kill -KILL $$ ;;
*) exit "${!status-0}" ;;
esac
"""


@pytest.fixture
def stages(tmp_path):
    for name in ("s3sync", "imgdecode", "classify"):
        (tmp_path / name).write_text(DOUBLE)
        (tmp_path / name).chmod(0o755)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    return {
        "PATH": f"{tmp_path}:/usr/bin:/bin", "TMPDIR": str(temporary), "CALLS": str(tmp_path / "calls"),
        "PUBLISHED": str(tmp_path / "published"), "LIST": '{"image":"a"}\n{"image":"b","error":{"tool":"imgdecode"}}\n',
        "MANIFEST": "s3://photos/manifests/0a1b", "FIRST": "0", "OUTPUT": "s3://photos/output"}


def entrypoint(environment):
    result = subprocess.run(["env", "-i", *(f"{k}={v}" for k, v in environment.items()), ENTRYPOINT],
                            capture_output=True, timeout=60, stdin=subprocess.DEVNULL)
    # Nothing is left behind, however it ended.
    assert os.listdir(environment["TMPDIR"]) == []
    return result


def calls(environment):
    with open(environment["CALLS"]) as file:
        return file.read().splitlines()


def test_the_pipe_and_its_summary(stages):
    result = entrypoint({**stages, "AWS_BATCH_JOB_ARRAY_INDEX": "7", "FIRST": "10", "IMGDECODE_OPTIONS": "--resize 224",
                         "CLASSIFY_OPTIONS": "--top=1"})
    assert result.returncode == 0, result.stderr
    seen = sorted(call.replace(stages["TMPDIR"], "T").split("/tmp.")[0] for call in calls(stages))
    assert seen == [
        "classify --top=1", "imgdecode --resize 224", "s3sync --files-from T", "s3sync --quiet T",
        "s3sync s3://photos/manifests/0a1b/00017.ndjson -"]
    assert calls(stages)[-1].endswith("/part.ndjson s3://photos/output/0a1b/part-00017.ndjson")
    assert b"2 images, 1 errors, " in result.stderr and b" images/s\n" in result.stderr
    assert result.stdout == b""


@pytest.mark.parametrize("source, decoder, classifier, status", [
    (0, 0, 0, 0), (75, 0, 0, 75), (75, 65, 65, 75), (77, 65, 0, 77), (0, 65, 0, 65), (0, 0, 78, 78), (141, 0, 78, 78),
    (141, 137, 65, 137), (0, 141, 78, 78), (141, 141, 74, 74), (137, 65, 65, 137), (0, 141, 0, 141)])
def test_the_status_is_the_leftmost_that_is_not_a_broken_pipe(stages, source, decoder, classifier, status):
    result = entrypoint({
        **stages, "s3sync_STATUS": source, "imgdecode_STATUS": decoder, "classify_STATUS": classifier})
    assert result.returncode == status
    assert os.path.exists(stages["PUBLISHED"]) == (status == 0)


def log_line(result):
    """The last line on standard error, which is the only one of its kind."""
    lines = [line for line in result.stderr.splitlines() if b'"event":"batch-child"' in line]
    assert len(lines) == 1 and result.stderr.endswith(lines[0] + b"\n")
    return json.loads(lines[0])


def test_figures_of_a_child_in_one_line_of_json(stages):
    errors = [("imgdecode", "truncated"), ("imgdecode", "truncated"), ("s3sync", "not-found")]
    lines = [f'{{"image":"a","error":{{"tool":"{tool}","code":"{code}","message":"x"}}}}' for tool, code in errors]
    # A label that looks like an error counts as none.
    lines.append('{"image":"b","predictions":[{"label":"\\"error\\":{\\"tool\\":\\"x\\",\\"code\\":\\"y\\"}"}]}')
    result = entrypoint({
        **stages, "LIST": "\n".join(lines) + "\n", "LOG_FORMAT": "json", "AWS_BATCH_JOB_ID": "4c7599ae-0a82:3",
        "AWS_BATCH_JOB_ARRAY_INDEX": "3"})
    assert result.returncode == 0, result.stderr
    line = log_line(result)
    assert (line["level"], line["job"], line["index"], line["images"], line["status"]) == ("info", "4c7599ae-0a82", 3, 4, 0)
    assert line["failed"] == {"truncated": 2, "not-found": 1}
    assert 0 <= line["seconds"] < 60 and line["time"].endswith("Z") and b"images/s" not in result.stderr


@pytest.mark.parametrize("change, status", [
    ({"classify_STATUS": "78"}, 78), ({"manifest_STATUS": "75"}, 75), ({"FIRST": "x"}, 64),
    ({"AWS_BATCH_JOB_ID": 'a","level":"x', "manifest_STATUS": "77"}, 77)])
def test_a_child_that_fails_has_its_line_too(stages, change, status):
    result = entrypoint({**stages, "LOG_FORMAT": "json", **change})
    line = log_line(result)
    assert (result.returncode, line["status"], line["level"]) == (status, status, "error")


def test_a_manifest_that_cannot_be_had(stages):
    assert entrypoint({**stages, "manifest_STATUS": 75}).returncode == 75
    assert len(calls(stages)) == 1


def test_lines_that_are_missing_are_not_published(stages):
    with open(os.path.join(os.path.dirname(stages["CALLS"]), "classify"), "w") as file:
        file.write("#!/bin/bash\nhead -n 1; cat >/dev/null\n")
    result = entrypoint(stages)
    assert result.returncode == 74 and b"1 lines for 2 images" in result.stderr
    assert not os.path.exists(stages["PUBLISHED"])


@pytest.mark.parametrize("name", [
    "a.jpg", "._a.jpg", "b/._a.jpg", "._b/a.jpg", "a.jpg/", "a.json", "a.TXT", "a.npy", ".jpg"])
def test_what_is_submitted_is_what_gets_a_line(name):
    """A child fails when imgdecode skips an object that batchsubmit has put into its manifest."""
    submitted = run([tool("batchsubmit"), "--dry-run", "--suffix", ""], env=aws_environment("http://127.0.0.1:9"),
                    stdin=json.dumps({"bucket": "photos", "key": name}).encode())
    assert submitted.returncode == 0, submitted.stderr
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(name))
    decoded = run([tool("imgdecode")], stdin=archive.getvalue())
    with tarfile.open(fileobj=io.BytesIO(decoded.stdout)) as tar:
        items = len(tar.getmembers())
    assert items <= 1 and submitted.stdout.count(b"\n") == items
    assert (b"skipped 1 objects" in submitted.stderr) == (items == 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("stage", ["s3sync", "imgdecode", "classify"])
def test_a_signal_reaches_every_stage_and_publishes_nothing(stages, number, stage):
    process = subprocess.Popen([ENTRYPOINT], env={**stages, f"{stage}_SECONDS": "30"}, stdin=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, start_new_session=True)
    while not os.path.exists(stages["CALLS"]) or len(calls(stages)) < 4:
        time.sleep(0.01)
    time.sleep(0.2)
    start = time.monotonic()
    process.send_signal(number)
    assert process.wait(20) == 143
    assert time.monotonic() - start < 5
    assert not os.path.exists(stages["PUBLISHED"]) and os.listdir(stages["TMPDIR"]) == []
    assert subprocess.run(["pgrep", "-s", str(process.pid)], capture_output=True).stdout == b""
    process.stderr.close()


@pytest.mark.parametrize("name, value", [
    ("MANIFEST", ""), ("MANIFEST", "photos/manifests"), ("MANIFEST", "s3://photos"), ("MANIFEST", "s3://photos/"),
    ("MANIFEST", "s3://a b/c"), ("MANIFEST", "s3://photos/a\nb"), ("OUTPUT", ""), ("OUTPUT", "/tmp/x"), ("FIRST", ""),
    ("FIRST", "-1"), ("FIRST", "1x"), ("FIRST", "$(id)"), ("FIRST", "9999999999"), ("FIRST", "a[$(id>&2)]"),
    ("AWS_BATCH_JOB_ARRAY_INDEX", "x"), ("AWS_BATCH_JOB_ARRAY_INDEX", ""), ("IMGDECODE_OPTIONS", "--resize $(id)"),
    ("CLASSIFY_OPTIONS", "; id"), ("CLASSIFY_OPTIONS", "--top 1\n--top 2"), ("MERGE_PARTS", "x"),
    ("FILE_NAME", "cat.jpg")])
def test_what_comes_from_the_environment_is_checked(stages, name, value):
    result = entrypoint({**stages, name: value})
    assert result.returncode == 64
    assert result.stderr.count(b"\n") == 1 and b"uid=" not in result.stderr
    assert not os.path.exists(stages["CALLS"])


def test_numbers_are_decimal_whatever_their_zeros(stages):
    assert entrypoint({**stages, "FIRST": "0010", "AWS_BATCH_JOB_ARRAY_INDEX": "08"}).returncode == 0
    assert calls(stages)[-1].endswith("/part-00018.ndjson")


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_shellcheck():
    result = run(["shellcheck", ENTRYPOINT, ROOT / "Tests" / "bench" / "batch.sh"])
    assert result.returncode == 0, result.stdout.decode()
