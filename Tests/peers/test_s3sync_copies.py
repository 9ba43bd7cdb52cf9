"""Attributes that a copy within S3 keeps, for every size, and attributes changed in place."""

import random

import pytest

from support.s3sync_run import server, sync  # noqa: F401 (a fixture)

HEADERS = {"content-type": "image/jpeg", "content-encoding": "gzip", "content-disposition": 'attachment; filename="a b"',
           "content-language": "de, en", "expires": "Wed, 21 Oct 2026 07:28:00 GMT", "cache-control": "max-age=60, public",
           "x-amz-meta-mtime": "1700000000.5", "x-amz-meta-owner": "a, b"}
TAGS = "team=a%20b&stage=prod%3D1"
SIZES = [5000, 12 << 20]
CHANGES = [([], {}), (["--content-type", "text/plain"], {"content-type": "text/plain"}),
           (["--cache-control", "no-store"], {"cache-control": "no-store"}),
           (["--metadata", "Owner=c"], {"x-amz-meta-owner": "c"}), (["--metadata", "new=d"], {"x-amz-meta-new": "d"}),
           (["--storage-class", "STANDARD_IA"], {"x-amz-storage-class": "STANDARD_IA"})]


def put(server, size, key="in/a", **more):
    stored = server.put("bucket", key, random.Random(size).randbytes(size), **HEADERS, **more)
    stored.tags = TAGS
    return stored


def normal(headers):
    return {name.lower(): value for name, value in headers.items()}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("flags, changed", CHANGES, ids=lambda v: " ".join(v) if isinstance(v, list) else "")
@pytest.mark.parametrize("form", ["object", "prefix"])
def test_a_copy_keeps_all_that_is_not_changed(server, size, flags, changed, form):
    source = put(server, size, **{"x-amz-storage-class": "GLACIER_IR"})
    ends = {"object": ["s3://bucket/in/a", "s3://bucket/out/a"], "prefix": ["s3://bucket/in/", "s3://bucket/out/"]}[form]
    done = sync(server, "--part-size", "5M", *flags, *ends)
    assert done.returncode == 0, done.stderr
    copy = server.objects["bucket"]["out/a"]
    assert copy.data == source.data and normal(copy.headers) == {**HEADERS, **changed} and copy.tags == TAGS
    assert not [a for a in server.asked("GET") if a.key and "tagging" not in a.query]


@pytest.mark.parametrize("size", SIZES)
def test_tags_of_a_flag_replace_those_of_the_source(server, size):
    put(server, size)
    done = sync(server, "--part-size", "5M", "--tags", "x=1", "s3://bucket/in/a", "s3://bucket/b")
    copy = server.objects["bucket"]["b"]
    assert done.returncode == 0 and copy.tags == "x=1" and normal(copy.headers) == HEADERS


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("form", ["s3://bucket/in/a", "s3://bucket/in/"])
@pytest.mark.parametrize("flags, changed", CHANGES[1:] + [(["--tags", "x=1"], {})], ids=lambda v: " ".join(v) if isinstance(v, list) else "")
def test_attributes_change_in_place(server, size, form, flags, changed):
    source = put(server, size, **{"x-amz-storage-class": "GLACIER_IR", "x-amz-server-side-encryption": "aws:kms"})
    for run in range(2):
        server.requests.clear()
        done = sync(server, "--part-size", "5M", *flags, form, form)
        assert done.returncode == 0, done.stderr
        stored = server.objects["bucket"]["in/a"]
        assert stored.data == source.data and stored.tags == ("x=1" if "--tags" in flags else TAGS)
        assert normal(stored.headers) == {
            **HEADERS, "x-amz-storage-class": "GLACIER_IR", "x-amz-server-side-encryption": "aws:kms", **changed}
        # What has been changed is not rewritten.
        assert bool(server.asked("PUT")) == (run == 0) and (run == 0 or b"current" in done.stdout)


@pytest.mark.parametrize("form", ["s3://bucket/in/a", "s3://bucket/in/"])
def test_nothing_to_change_is_a_wrong_command(server, form):
    put(server, 10)
    done = sync(server, form, form)
    assert done.returncode == 64 and b"the same" in done.stderr and not server.asked("PUT")


def test_tags_that_cannot_be_read_are_named(server):
    put(server, 12 << 20)
    server.fault = lambda a: ("status", 403, "AccessDenied") if "tagging" in a.query else None
    done = sync(server, "--part-size", "5M", "s3://bucket/in/a", "s3://bucket/b")
    assert done.returncode == 0 and b"tags" in done.stderr and b"AccessDenied" in done.stderr
    assert normal(server.objects["bucket"]["b"].headers) == HEADERS


@pytest.mark.parametrize("status, code", [(404, "NoSuchTagSet"), (501, "NotImplemented"), (405, "MethodNotAllowed")])
def test_stores_without_tags(server, status, code):
    put(server, 12 << 20)
    server.fault = lambda a: ("status", status, code) if "tagging" in a.query else None
    done = sync(server, "--part-size", "5M", "s3://bucket/in/a", "s3://bucket/b")
    assert done.returncode == 0 and done.stderr == b""
