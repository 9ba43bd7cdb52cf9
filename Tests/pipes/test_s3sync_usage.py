"""How s3sync is called, and what it says to wrong calls: no server is needed."""

import pytest

from support.tools import run, tool

S3SYNC = tool("s3sync")
QUIET = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent",
         "AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "SK", "AWS_MAX_ATTEMPTS": "1"}

WRONG = [
    [], ["a"], ["a", "b"], ["-", "-"], ["s3://bucket/k"], ["s3://b/k", "-"], ["-", "s3://bucket/p/"], ["--nonsense"],
    ["--files-from", "-", "-", "x"], ["--files-from", "-"], ["--files-from", "-", "s3://bucket/p/"], ["--list", "a"],
    ["--list", "s3://bucket", "-"], ["--delete", "s3://bucket/k", "-"], ["--jobs", "0", "a", "s3://bucket/"],
    ["--part-size", "1M", "a", "s3://bucket/"], ["--part-size", "6G", "a", "s3://bucket/"],
    ["--size-only", "--checksum", ".", "s3://bucket/"], ["--metadata", "novalue", ".", "s3://bucket/"],
    ["s3://bucket/p/", "s3://bucket/p/"], ["--delete", "s3://bucket/p/", "s3://bucket/p/q/"], ["", "s3://bucket/"],
    ["--dry-run", "-", "s3://bucket/k"],
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_calls(arguments):
    done = run([S3SYNC, *arguments], env=QUIET, stdin=b"s3://bucket/k\n")
    assert done.returncode == 64 and done.stdout == b"", done.stderr


def test_an_unreachable_service_is_temporary():
    done = run([S3SYNC, "--list", "s3://bucket"], env=QUIET)
    assert done.returncode == 75 and len(done.stderr.splitlines()) == 1


def test_a_missing_source(tmp_path):
    done = run([S3SYNC, tmp_path / "nothing", "s3://bucket/k"], env=QUIET)
    assert done.returncode == 74


@pytest.mark.parametrize("variable,value,status", [
    ("AWS_PROFILE", "nobody", 78), ("AWS_ENDPOINT_URL", "ftp://x", 78), ("AWS_REGION", "no region", 78),
])
def test_bad_configuration(variable, value, status):
    done = run([S3SYNC, "--list", "s3://bucket"], env={**QUIET, variable: value})
    assert done.returncode == status, done.stderr


def test_a_list_with_an_invalid_line():
    done = run([S3SYNC, "--files-from", "-", "-"], env=QUIET, stdin=b'{"bucket":"bucket"}\n')
    assert done.returncode == 65 and b"line 1" in done.stderr


def test_an_empty_list_is_an_empty_tar():
    done = run([S3SYNC, "--files-from", "-", "-"], env=QUIET, stdin=b"")
    assert (done.returncode, done.stdout) == (0, bytes(1024))
