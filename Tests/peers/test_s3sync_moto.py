"""s3sync against moto's server: metadata and attributes that are stored, and roles through STS."""

import subprocess
import sys
import time
import urllib.request

import pytest

from support.s3_peers import client, environment, free_port
from support.tools import tool

S3SYNC = tool("s3sync")


@pytest.fixture(scope="module")
def endpoint():
    port = free_port()
    child = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(url + "/moto-api/", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        client(url).create_bucket(Bucket="bucket")
        yield url
    finally:
        child.terminate()
        child.wait(10)


def sync(endpoint, *arguments, stdin=b"", **extra):
    return subprocess.run([S3SYNC, *map(str, arguments)], input=stdin, capture_output=True, timeout=60,
                          env=environment(endpoint, **extra))


def test_encryption_headers(endpoint):
    done = sync(endpoint, "--sse", "aws:kms", "--sse-kms-key-id", "my-key", "-", "s3://bucket/k", stdin=b"x")
    assert done.returncode == 0, done.stderr
    head = client(endpoint).head_object(Bucket="bucket", Key="k")
    assert head["ServerSideEncryption"] == "aws:kms" and "my-key" in head["SSEKMSKeyId"]
    assert sync(endpoint, "s3://bucket/k", "-").stdout == b"x", "its tag is not an MD5 to compare with"


def test_the_crc_is_stored(endpoint):
    assert sync(endpoint, "-", "s3://bucket/crc", stdin=b"123456789").returncode == 0
    head = client(endpoint).head_object(Bucket="bucket", Key="crc", ChecksumMode="ENABLED")
    assert head.get("ChecksumCRC32") == "y/Q5Jg=="


def test_a_mirror_and_back(endpoint, tmp_path):
    (tmp_path / "src").mkdir()
    for i in range(50):
        (tmp_path / "src" / f"f{i}").write_bytes(bytes([i]) * i)
    assert sync(endpoint, tmp_path / "src", "s3://bucket/m/").returncode == 0
    assert sync(endpoint, tmp_path / "src", "s3://bucket/m/").stdout == b""
    assert sync(endpoint, "s3://bucket/m/", tmp_path / "out").returncode == 0
    assert sync(endpoint, "s3://bucket/m/", tmp_path / "out").stdout == b""
    assert sync(endpoint, "s3://bucket/m/", "s3://bucket/n/").returncode == 0
    assert sync(endpoint, "--list", "s3://bucket/n/").stdout.count(b"\n") == 50


@pytest.mark.parametrize("size", [1000, 12 << 20])
@pytest.mark.parametrize("target", ["s3://bucket/copy", "s3://bucket/source"])
def test_a_copy_keeps_headers_metadata_and_tags(endpoint, size, target):
    given = {"ContentType": "image/jpeg", "ContentEncoding": "gzip", "ContentLanguage": "de", "CacheControl": "max-age=1",
             "ContentDisposition": "attachment", "Metadata": {"a": "b"}}
    s3 = client(endpoint)
    s3.put_object(Bucket="bucket", Key="source", Body=bytes(size), Tagging="x=1&y=2%203", **given)
    done = sync(endpoint, "--part-size", "5M", "--storage-class", "STANDARD_IA", "--content-type", "image/png",
                "s3://bucket/source", target)
    assert done.returncode == 0, done.stderr
    key = target.rpartition("/")[2]
    head = s3.head_object(Bucket="bucket", Key=key)
    assert {name: head.get(name) for name in given} == {**given, "ContentType": "image/png"}
    assert head["StorageClass"] == "STANDARD_IA" and head["ContentLength"] == size
    tags = s3.get_object_tagging(Bucket="bucket", Key=key)["TagSet"]
    assert {t["Key"]: t["Value"] for t in tags} == {"x": "1", "y": "2 3"}


def test_assume_role_and_web_identity(endpoint, tmp_path):
    client(endpoint).put_object(Bucket="bucket", Key="role", Body=b"by role")
    config = tmp_path / "config"
    config.write_text("""
[profile base]
aws_access_key_id = AKIABASE
aws_secret_access_key = secret
[profile role]
role_arn = arn:aws:iam::123456789012:role/reader
source_profile = base
""")
    done = sync(endpoint, "--profile", "role", "s3://bucket/role", "-", AWS_CONFIG_FILE=str(config))
    assert (done.returncode, done.stdout) == (0, b"by role"), done.stderr
    token = tmp_path / "token"
    token.write_text("aaa.bbb.ccc")
    without_keys = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    done = sync(endpoint, "s3://bucket/role", "-", AWS_WEB_IDENTITY_TOKEN_FILE=str(token),
                AWS_ROLE_ARN="arn:aws:iam::123456789012:role/reader", **without_keys)
    assert (done.returncode, done.stdout) == (0, b"by role"), done.stderr
