"""s3sync against services that differ from S3 or fail in their own ways, and the settings for such services."""

import concurrent.futures
import contextlib
import io
import random
import re
import socket
import tarfile
import time

import pytest

from support.fault_server import fault_server
from support.s3sync_run import keys, server, sync  # noqa: F401 (a fixture)

DATA = random.Random(1).randbytes(5000)


def unused_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.mark.parametrize("size", [5000, 20 << 20])
@pytest.mark.parametrize("refusal", ["B2", "R2"])
def test_a_store_that_refuses_checksums_is_served_without(server, tmp_path, refusal, size):
    server.refuses, server.refusal = ("x-amz-checksum", "x-amz-sdk-checksum"), refusal
    (tmp_path / "f").write_bytes(bytes(size))
    done = sync(server, tmp_path / "f", "s3://bucket/f")
    assert done.returncode == 0, done.stderr
    assert server.objects["bucket"]["f"].data == bytes(size)


@pytest.mark.parametrize("refusal", ["B2", "R2"])
def test_calls_at_once_to_a_store_that_refuses_checksums(server, tmp_path, refusal):
    server.refuses, server.refusal = ("x-amz-checksum", "x-amz-sdk-checksum"), refusal
    files = {f"f{index}": bytes(100 + index) for index in range(40)}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    done = sync(server, tmp_path, "s3://bucket/in/")
    assert done.returncode == 0, done.stderr
    assert {key: stored.data for key, stored in server.objects["bucket"].items()} == {f"in/{n}": d for n, d in files.items()}


@pytest.mark.parametrize("target", ["folder", "tar"])
def test_calls_at_once_to_a_bucket_in_another_region(server, tmp_path, target):
    for index in range(40):
        server.put("bucket", f"k{index}", b"v")
    server.fault = lambda a: None if "/eu-west-3/" in a.headers.get("authorization", "") else (
        "status", 400, "AuthorizationHeaderMalformed", {"x-amz-bucket-region": "eu-west-3"})
    if target == "folder":
        done = sync(server, "--files-from", "-", "s3://bucket/", tmp_path, stdin=b"".join(b"k%d\n" % i for i in range(40)))
        assert done.returncode == 0 and len(list(tmp_path.iterdir())) == 40, done.stderr
    else:
        done = sync(server, "--files-from", "-", "-", stdin=b"".join(b"s3://bucket/k%d\n" % i for i in range(40)))
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as members:
            assert done.returncode == 0 and len(members.getnames()) == 40, done.stderr


@pytest.mark.parametrize("size", [6 << 40, 1 << 45, 1 << 62, (1 << 63) - 1, 1 << 64])
@pytest.mark.parametrize("form", ["listed", "described", "stream", "copy"])
def test_sizes_without_bounds(server, tmp_path, size, form):
    server.put("bucket", "in/a", b"")
    listing = (f'<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>in/a</Key><Size>{size}</Size><ETag>"x"</ETag>'
               "<LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents></ListBucketResult>")

    def fault(a):
        if a.method == "GET" and not a.key:
            return "body", 200, listing.encode()
        if a.method == "HEAD" and a.key == "in/a":
            return "headers", {"content-length": str(size), "etag": '"x"'}
        if a.method == "GET":
            return "status", 403, "AccessDenied"
        return ("status", 403, "AccessDenied") if a.method in ("POST", "PUT") else None

    server.fault = fault
    words = {"listed": ["s3://bucket/in/", tmp_path], "described": ["s3://bucket/in/a", tmp_path / "a"],
             "stream": ["s3://bucket/in/a", "-"], "copy": ["s3://bucket/in/a", "s3://bucket/out/a"]}[form]
    done = sync(server, *words, timeout=20)
    assert done.returncode in (65, 69, 75, 77) and done.stderr.startswith(b"s3sync: "), (done.returncode, done.stderr)


@pytest.mark.parametrize("size", [5000, 20 << 20])
def test_when_required_sends_no_checksum(server, tmp_path, size):
    (tmp_path / "f").write_bytes(bytes(size))
    done = sync(server, tmp_path / "f", "s3://bucket/f", AWS_REQUEST_CHECKSUM_CALCULATION="when_required")
    assert done.returncode == 0, done.stderr
    assert not [n for a in server.requests for n in a.headers if "checksum" in n]
    assert len(server.objects["bucket"]["f"].data) == size


@pytest.mark.parametrize("name, value", [
    ("AWS_REQUEST_CHECKSUM_CALCULATION", "never"), ("AWS_RETRY_MODE", "eager"), ("AWS_MAX_ATTEMPTS", "0"),
])
def test_invalid_settings_are_named(server, name, value):
    done = sync(server, "--list", "s3://bucket/", **{name: value})
    assert done.returncode == 78 and name.encode() in done.stderr


@pytest.mark.parametrize("methods", ["HEAD", "GET", "both"])
def test_objects_without_a_length(server, tmp_path, methods):
    server.put("bucket", "in/a", DATA)
    server.put("bucket", "in/empty", b"")
    server.fault = lambda a: ("chunked",) if a.key and (methods == "both" or a.method == methods) else None
    done = sync(server, "s3://bucket/in/a", tmp_path / "a")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a").read_bytes() == DATA
    done = sync(server, "s3://bucket/in/", "-")
    assert done.returncode == 0, done.stderr
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        assert archive.extractfile("a").read() == DATA


@pytest.mark.parametrize("tag", [
    lambda e: f'W/"{e}"', lambda e: e, lambda e: '""', lambda e: f'"{e.upper()}"', lambda e: f'"{e}-x"', lambda e: None,
], ids=["weak", "without quotes", "empty", "capitals", "no digest", "none"])
def test_entity_tags_of_other_forms(server, tmp_path, tag):
    server.put("bucket", "in/a", DATA)
    server.tag = tag
    done = sync(server, "s3://bucket/in/a", tmp_path / "a")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a").read_bytes() == DATA
    done = sync(server, "s3://bucket/in/", "-")
    assert done.returncode == 0 and b"error.json" not in done.stdout, done.stderr
    done = sync(server, "s3://bucket/in/", tmp_path / "folder")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "folder" / "a").read_bytes() == DATA


@pytest.mark.parametrize("mode", ["unencoded", "empty page", "white space", "wrong count", "single"])
def test_listings_of_other_forms(server, tmp_path, mode):
    """Key counts that are wrong, a first page without keys, a byte order mark, pages of one key."""
    contents = {"a b": b"1", "c+d&e": b"2", "f/g%20": b"3", "\u00fc": b"4"}
    for key, data in contents.items():
        server.put("bucket", "in/" + key, data)
    if mode == "single":
        server.page_size = 1
    else:
        server.listings = {mode}
    done = sync(server, "--list", "s3://bucket/in/")
    assert done.returncode == 0 and done.stdout.count(b"\n") == 4, done.stderr
    done = sync(server, "s3://bucket/in/", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    found = {str(p.relative_to(tmp_path / "out")): p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert found == contents


@pytest.mark.parametrize("body", [b"<ListBucketResult><Contents><Key>a", b"<a><b></a>", b"<!DOCTYPE x><a/>", b"<html></html>",
                                  b"<a>" * 40, b"", b"nothing", b"<ListBucketResult></ListBucketResult>x"])
def test_messages_have_no_values_of_the_program(server, body):
    """A malformed response is described in words."""
    server.fault = lambda a: ("body", 200, body)
    for arguments in (["--list", "s3://bucket/"], ["--list"], ["s3://bucket/in/", "-"]):
        done = sync(server, *arguments, AWS_MAX_ATTEMPTS="1")
        message = done.stderr.decode()
        assert done.returncode in (69, 75) and len(message.splitlines()) == 1, message
        assert not re.search(r"offset:|\w+\(\w+:|Optional|nil", message), message


def test_an_object_that_changes_is_seen_without_conditions(server, tmp_path):
    server.put("bucket", "in/a", DATA)
    server.tag = lambda e: f'W/"{e}"'

    def change(asked):
        if asked.method == "GET" and asked.key and asked.times == 1:
            server.put("bucket", "in/a", DATA[::-1])

    server.fault = change
    done = sync(server, "s3://bucket/in/", "-")
    assert done.returncode != 0 or b"error.json" in done.stdout


def test_listings_in_any_order(server, tmp_path):
    for key in ("d/a/x", "d/a.txt", "d/b"):
        server.put("bucket", key, key.encode())
    server.sort_key = lambda key: [part.encode() for part in key.split("/")]
    server.page_size = 2
    done = sync(server, "--list", "s3://bucket/d/")
    assert done.returncode == 0 and done.stdout.count(b"\n") == 3, done.stderr
    done = sync(server, "s3://bucket/d/", "-")
    assert done.returncode == 0, done.stderr
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        assert sorted(archive.getnames()) == ["a.txt", "a/x", "b"]
    began = time.monotonic()
    done = sync(server, "s3://bucket/d/", tmp_path / "out")
    assert done.returncode == 69 and b"not sorted" in done.stderr and time.monotonic() - began < 3


def test_a_lost_response_to_the_last_call_of_an_upload(server, tmp_path):
    (tmp_path / "f").write_bytes(bytes(range(256)) * (80 << 10))
    server.fault = lambda a: ("lost",) if a.method == "POST" and "uploadId" in a.query and a.times == 1 else None
    done = sync(server, tmp_path / "f", "s3://bucket/f")
    assert done.returncode == 0, done.stderr
    # The object is looked at before completing is tried again; libcurl may have sent it twice by itself.
    assert len([a for a in server.requests if a.method == "POST" and "uploadId" in a.query]) <= 2
    assert server.objects["bucket"]["f"].data == (tmp_path / "f").read_bytes()


@pytest.mark.parametrize("root", ["CompleteMultipartUploadResult", "CompleteMultipartUploadOutput", "Anything"])
def test_the_root_of_a_result_has_any_name(server, tmp_path, root):
    (tmp_path / "f").write_bytes(bytes(20 << 20))
    body = f"<{root}><Location>x</Location><ETag>&quot;e-2&quot;</ETag></{root}>".encode()
    server.fault = lambda a: ("body", 200, body) if a.method == "POST" and "uploadId" in a.query else None
    done = sync(server, tmp_path / "f", "s3://bucket/f")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("body", [b"", b"  \n", b"<html></html>", b"<Error><Code>AccessDenied</Code></Error>"])
def test_a_result_without_content_is_refused(server, tmp_path, body):
    (tmp_path / "f").write_bytes(bytes(20 << 20))
    server.fault = lambda a: ("body", 200, body) if a.method == "POST" and "uploadId" in a.query else None
    done = sync(server, tmp_path / "f", "s3://bucket/f", AWS_MAX_ATTEMPTS="2")
    assert done.returncode != 0 and "f" not in keys(server)


def test_a_captive_portal_is_not_an_upload(server, tmp_path):
    (tmp_path / "f").write_bytes(DATA)
    server.fault = lambda a: ("body", 200, b"<html>welcome</html>") if a.method == "PUT" else None
    done = sync(server, tmp_path / "f", "s3://bucket/f")
    assert done.returncode == 69 and b"unexpected response" in done.stderr


def test_keys_that_xml_cannot_carry_are_deleted_one_by_one(server, tmp_path):
    (tmp_path / "empty").mkdir()
    for key in ("p/ok", "p/b\x01", "p/a\uffff", "p/c\ufffe"):
        server.put("bucket", key, b"x")
    done = sync(server, "--delete", tmp_path / "empty", "s3://bucket/p/")
    assert done.returncode == 0 and not keys(server), done.stderr
    assert b"\xef\xbf\xbf" not in b"".join(a.body for a in server.requests)


def test_only_the_keys_of_a_batch_that_failed_are_failures(server, tmp_path):
    (tmp_path / "empty").mkdir()
    for key in ("p/ok", "p/b\x01"):
        server.put("bucket", key, b"x")
    server.fault = lambda a: ("status", 403, "AccessDenied") if a.method == "POST" else None
    done = sync(server, "--delete", tmp_path / "empty", "s3://bucket/p/")
    assert done.returncode == 77 and keys(server) == {"p/ok"}
    assert b"p/ok" in done.stderr and b"\\x01" not in done.stderr


def test_the_reason_of_a_refused_head_is_found(server, tmp_path):
    server.put("bucket", "a", DATA)
    server.fault = lambda a: ("status", 403, "RequestTimeTooSkewed" if a.method == "GET" else "")
    done = sync(server, "s3://bucket/a", tmp_path / "a", AWS_MAX_ATTEMPTS="1")
    assert b"RequestTimeTooSkewed" in done.stderr, done.stderr


def test_attempts_are_as_many_as_configured(server, tmp_path):
    server.put("bucket", "a", DATA)
    server.fault = lambda a: ("status", 500, "InternalError")
    for attempts in (1, 3):
        server.requests.clear()
        done = sync(server, "--list", "s3://bucket/", AWS_MAX_ATTEMPTS=str(attempts))
        assert done.returncode == 75 and len(server.requests) == attempts


OUTAGES = {"port": lambda a: None, "service": lambda a: ("status", 503, "SlowDown"), "silence": lambda a: ("stall", 60),
           "silence of data": lambda a: ("stall", 60) if a.method == "GET" and a.key else None}


def complete_outages_end_in_twenty_seconds(tmp_path):
    """Each kind of outage and of transfer."""
    (tmp_path / "small").write_bytes(DATA)
    (tmp_path / "large").write_bytes(bytes(20 << 20))
    forms = {"list": ["--list", "s3://bucket/"], "tar": ["s3://bucket/in/", "-"], "object": ["s3://bucket/in/a", "-"],
             "download": ["s3://bucket/in/", tmp_path / "out"], "small": [tmp_path / "small", "s3://bucket/small"],
             "large": [tmp_path / "large", "s3://bucket/large"], "copy": ["s3://bucket/in/a", "s3://bucket/b"]}
    uses = {"silence of data": ("tar", "object", "download")}

    def run(outage, form, server):
        began = time.monotonic()
        done = sync(server, *forms[form], AWS_ENDPOINT_URL=endpoints[outage])
        return outage, form, done.returncode, time.monotonic() - began, done.stderr

    with contextlib.ExitStack() as stack, concurrent.futures.ThreadPoolExecutor(32) as pool:
        servers = {outage: stack.enter_context(fault_server()) for outage in OUTAGES}
        endpoints = {outage: server.endpoint for outage, server in servers.items()}
        endpoints["port"] = f"http://127.0.0.1:{unused_port()}"
        for outage, server in servers.items():
            server.put("bucket", "in/a", DATA)
            server.fault = OUTAGES[outage]
        runs = [pool.submit(run, outage, form, servers[outage]) for outage in OUTAGES for form in uses.get(outage, forms)]
        for outage, form, status, seconds, error in (r.result() for r in runs):
            assert status == 75 and seconds < 20, (outage, form, status, seconds, error)
            assert len(error.splitlines()) == 1, (outage, form, error)


def configured_attempts_outlast_a_storm(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(150):
        (tmp_path / "in" / str(number)).write_bytes(b"x")
    with fault_server() as server:
        server.objects["bucket"] = {}
        server.fault = lambda a: ("status", 503, "SlowDown") if a.method == "PUT" and a.times <= 4 else None
        done = sync(server, tmp_path / "in", "s3://bucket/x/", AWS_MAX_ATTEMPTS="20", timeout=120)
        assert done.returncode == 0 and len(keys(server)) == 150, done.stderr[-500:]


def one_silent_request_is_waited_for(tmp_path):
    """Other transfers progress meanwhile, so it is not an outage; and the configuration is obeyed."""
    with fault_server() as server:
        for name in range(20):
            server.put("bucket", f"in/{name:02}", DATA)
        server.fault = lambda a: ("delay", 17) if a.key == "in/07" else ("delay", 1.0) if a.key else None
        done = sync(server, "--jobs", "2", "s3://bucket/in/", tmp_path / "out")
        assert done.returncode == 0 and len(list((tmp_path / "out").iterdir())) == 20, done.stderr
        assert len(server.asked("GET", "in/07")) == 1


@pytest.fixture(scope="module")
def twenty_seconds(tmp_path_factory):
    """Checks that wait for about twenty seconds each, run at the same time; their results by name."""
    checks = [complete_outages_end_in_twenty_seconds, configured_attempts_outlast_a_storm, one_silent_request_is_waited_for]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        yield {check.__name__: pool.submit(check, tmp_path_factory.mktemp(check.__name__)) for check in checks}


@pytest.mark.alone
@pytest.mark.parametrize("check", ["complete_outages_end_in_twenty_seconds", "configured_attempts_outlast_a_storm",
                                   "one_silent_request_is_waited_for"])
def test_of_twenty_seconds(twenty_seconds, check):
    twenty_seconds[check].result()


@pytest.mark.parametrize("bucket, words", [
    ("arn:aws:s3::123456789012:accesspoint/x.mrap", b"multi-region"),
    ("arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-1/accesspoint/x", b"Outposts"),
])
def test_buckets_that_cannot_be_reached_are_named(server, bucket, words):
    done = sync(server, "--list", f"s3://{bucket}/p/")
    assert done.returncode == 78 and words in done.stderr, done.stderr
