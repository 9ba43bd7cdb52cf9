"""What flags and messages mean, for one item as for many."""

import io
import json
import os
import random
import subprocess
import tarfile
import time

import pytest

from support.s3_peers import tree
from support.s3sync_run import S3SYNC, keys, server, sync  # noqa: F401


def lines(done):
    return [json.loads(line) for line in done.stdout.splitlines()]


# MARK: Verification


VERIFIED = {
    "small md5": (1000, {}, None, ("md5-etag", True)),
    "large md5": (20 << 20, {}, None, ("md5-etag", True)),
    "small crc32": (1000, {"x-amz-checksum-crc32": "crc32"}, None, ("checksum-crc32", True)),
    "large crc32": (20 << 20, {"x-amz-checksum-crc32": "crc32"}, "0" * 32 + "-2", ("checksum-crc32", True)),
    "multipart": (20 << 20, {}, "multipart", ("length-and-ranges", False)),
    "small multipart": (1000, {}, "0" * 32 + "-1", ("length-and-ranges", False)),
    "composite": (1000, {"x-amz-checksum-crc32": "AAAAAA==-1"}, "0" * 32 + "-1", ("length-and-ranges", False)),
    "kms": (1000, {"x-amz-server-side-encryption": "aws:kms"}, "0" * 32, ("length-and-ranges", False)),
}


def prepare(server, case):
    import base64
    import struct
    import zlib
    size, headers, etag, expected = VERIFIED[case]
    data = random.Random(size).randbytes(size)
    crc = base64.b64encode(struct.pack(">I", zlib.crc32(data))).decode()
    stored = server.put("bucket", "in/f", data, **{n: crc if v == "crc32" else v for n, v in headers.items()})
    if etag:
        stored.etag = etag if etag != "multipart" else multipart_tag(data, 8 << 20)
    return data, expected


def multipart_tag(data, size):
    import hashlib
    digests = [hashlib.md5(data[i:i + size]).digest() for i in range(0, len(data), size)]
    return hashlib.md5(b"".join(digests)).hexdigest() + f"-{len(digests)}"


@pytest.mark.parametrize("form", ["file", "folder"])
@pytest.mark.parametrize("case", VERIFIED)
def test_what_a_download_was_verified_by(server, tmp_path, case, form):
    data, (name, verified) = prepare(server, case)
    arguments = {"file": ["s3://bucket/in/f", tmp_path / "f"], "folder": ["s3://bucket/in/", tmp_path]}[form]
    done = sync(server, "--json", "--verbose", *arguments)
    record, = lines(done)
    assert (record["verifiedBy"], record["verified"]) == (name, verified) and (tmp_path / "f").read_bytes() == data
    assert (b"not verified" in done.stderr) == (not verified) and (b": verified by" in done.stderr) == verified


@pytest.mark.parametrize("parts", ["stated", "uneven", "guessed"])
@pytest.mark.parametrize("damage", [False, True], ids=["", "corrupt"])
def test_verify_checks_multipart_entity_tags(server, tmp_path, parts, damage):
    data = random.Random(4).randbytes(20 << 20)
    stored = server.put("bucket", "in/f", data)
    sizes = {"stated": [9 << 20, 9 << 20, 2 << 20], "uneven": [5 << 20, 9 << 20, 6 << 20], "guessed": [8 << 20, 8 << 20, 4 << 20]}[parts]
    import hashlib
    digests, start = [], 0
    for size in sizes:
        digests.append(hashlib.md5(data[start:start + size]).digest())
        start += size
    stored.etag = hashlib.md5(b"".join(digests)).hexdigest() + "-3"
    real = stored.data

    def part_sizes(asked):
        if "partNumber" in asked.query and parts != "guessed":
            return ("headers", {"content-length": str(sizes[int(asked.query["partNumber"]) - 1])})
        if damage and asked.method == "GET" and asked.headers.get("range", "").startswith("bytes=0-"):
            return ("corrupt", 5)

    server.fault = part_sizes
    done = sync(server, "--json", "--verify", "s3://bucket/in/f", tmp_path / "f")
    if damage and parts != "guessed":
        assert done.returncode == 75 and not (tmp_path / "f").exists()
    elif damage:
        # The sizes of the parts are a guess: what does not match one may be another's.
        assert lines(done)[0]["verified"] is False and b"cannot be verified" in done.stderr
    else:
        assert lines(done)[0]["verifiedBy"] == "multipart-etag" and (tmp_path / "f").read_bytes() == real


@pytest.mark.parametrize("confirms", [False, True])
@pytest.mark.parametrize("size,name", [(1000, "md5-etag"), (3 << 20, "md5-etag"), (12 << 20, "length-and-ranges")])
@pytest.mark.parametrize("form", ["file", "stream"])
def test_what_an_upload_was_verified_by(server, tmp_path, size, name, form, confirms):
    data = random.Random(1).randbytes(size)
    (tmp_path / "f").write_bytes(data)
    server.confirms_checksums = confirms
    done = sync(server, "--json", "--part-size", "5M", tmp_path / "f" if form == "file" else "-", "s3://bucket/f", stdin=data)
    record, = lines(done)
    assert record["verifiedBy"] == ("checksum-crc32" if confirms else name)
    assert record["verified"] is (record["verifiedBy"] != "length-and-ranges")


@pytest.mark.parametrize("size", [1000, 12 << 20])
def test_verify_of_uploads(server, tmp_path, size):
    (tmp_path / "f").write_bytes(random.Random(1).randbytes(size))
    done = sync(server, "--json", "--verify", "--part-size", "5M", tmp_path / "f", "s3://bucket/f")
    assert lines(done)[0]["verified"] is True, done.stderr

    def damage(asked):
        if asked.method == "HEAD":
            with server.lock:
                stored = server.objects["bucket"]["f"]
                stored.headers.pop("x-amz-checksum-crc32", None)
                stored.etag = "0" * 32 + stored.etag[32:]

    server.fault = damage
    assert sync(server, "--verify", "--part-size", "5M", tmp_path / "f", "s3://bucket/f").returncode == 75


# MARK: Messages


def test_a_prefix_that_was_meant(server, tmp_path):
    server.put("bucket", "photos/a", b"x")
    for target in (tmp_path / "out", "-", "s3://bucket/other"):
        done = sync(server, "s3://bucket/photos", target)
        assert done.returncode == 69
        assert b"no object photos; did you mean s3://bucket/photos/?" in done.stderr
    done = sync(server, "s3://bucket/nothing", tmp_path / "out")
    assert done.returncode == 69 and b"no object nothing" in done.stderr and b"did you mean" not in done.stderr


@pytest.mark.parametrize("source", ["s3://bucket/nothing", "missing-file"])
def test_a_dry_run_of_a_missing_source_fails(server, tmp_path, source):
    source = source if source.startswith("s3") else tmp_path / source
    target = tmp_path / "out" if str(source).startswith("s3") else "s3://bucket/x"
    assert sync(server, "--dry-run", source, target).returncode in (69, 74)


@pytest.mark.parametrize("flag", ["--no-overwrite", "--if-none-match"])
@pytest.mark.parametrize("form", ["upload", "copy"])
def test_a_dry_run_says_what_exists(server, tmp_path, flag, form):
    server.put("bucket", "k", b"v")
    server.put("bucket", "from", b"w")
    (tmp_path / "k").write_bytes(b"w")
    source = tmp_path / "k" if form == "upload" else "s3://bucket/from"
    planned, done = (sync(server, *extra, flag, source, "s3://bucket/k") for extra in (["--dry-run"], []))
    assert planned.returncode == done.returncode == 0 and planned.stdout == done.stdout and b"exists" in done.stdout


@pytest.mark.parametrize("form", ["download", "stream", "copy", "upload", "tar"])
def test_errors_name_their_object(server, tmp_path, form):
    server.put("bucket", "in/this-one", b"x")
    (tmp_path / "this-one").write_bytes(b"x")
    server.fault = lambda a: ("status", 403, "InvalidAccessKeyId") if a.key else None
    arguments = {"download": ["s3://bucket/in/this-one", tmp_path / "out"], "stream": ["s3://bucket/in/this-one", "-"],
                 "copy": ["s3://bucket/in/this-one", "s3://bucket/x"], "upload": [tmp_path / "this-one", "s3://bucket/x"],
                 "tar": ["s3://bucket/in/", "-"]}[form]
    done = sync(server, "--json", *arguments)
    assert done.returncode == 77 and b"this-one: " in done.stderr and len(done.stderr.splitlines()) == 1
    if form not in ("stream", "tar"):
        assert lines(done)[0]["status"] == "failed"


def test_passwords_are_hidden(server):
    done = sync(server, "--list", "s3://bucket/", "--endpoint-url", "ftp://user:topsecret@127.0.0.1/")
    assert done.returncode == 78 and b"topsecret" not in done.stderr and b"127.0.0.1" in done.stderr


# MARK: The same for one item as for many


def ends(server, tmp_path, form, direction):
    server.put("bucket", "in/f", b"new")
    (tmp_path / "src").mkdir(exist_ok=True)
    (tmp_path / "src" / "f").write_bytes(b"new")
    single = form == "single"
    return {
        "download": [f"s3://bucket/in/{'f' if single else ''}", tmp_path / "out" / ("f" if single else "")],
        "upload": [tmp_path / "src" / ("f" if single else ""), f"s3://bucket/up/{'f' if single else ''}"],
        "copy": [f"s3://bucket/in/{'f' if single else ''}", f"s3://bucket/to/{'f' if single else ''}"],
    }[direction]


def existing(server, tmp_path, direction, data, age=0):
    if direction == "download":
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "f").write_bytes(data)
        os.utime(tmp_path / "out" / "f", (time.time() - age,) * 2)
        return lambda: (tmp_path / "out" / "f").read_bytes()
    key = {"upload": "up/f", "copy": "to/f"}[direction]
    import datetime
    server.put("bucket", key, data, modified=server.clock() - datetime.timedelta(seconds=age))
    return lambda: server.objects["bucket"][key].data


FORMS = pytest.mark.parametrize("form", ["single", "many"])
DIRECTIONS = pytest.mark.parametrize("direction", ["download", "upload", "copy"])


@FORMS
@DIRECTIONS
@pytest.mark.parametrize("flag", ["--no-overwrite", "--if-none-match"])
def test_existing_targets_are_kept(server, tmp_path, form, direction, flag):
    current = existing(server, tmp_path, direction, b"longer")
    done = sync(server, flag, *ends(server, tmp_path, form, direction))
    assert done.returncode == 0 and current() == b"longer"


@FORMS
@DIRECTIONS
def test_size_only(server, tmp_path, form, direction):
    current = existing(server, tmp_path, direction, b"old", age=-100 if direction == "download" else 100)
    assert sync(server, "--size-only", *ends(server, tmp_path, form, direction)).returncode == 0
    assert current() == b"old"


@FORMS
@DIRECTIONS
def test_checksum(server, tmp_path, form, direction):
    current = existing(server, tmp_path, direction, b"new", age=100)
    done = sync(server, "--checksum", "--json", *ends(server, tmp_path, form, direction))
    assert done.returncode == 0 and not any(r["status"] == "done" for r in lines(done))
    assert current() == b"new"


@FORMS
@DIRECTIONS
@pytest.mark.parametrize("age,kept", [(-100, True), (100, False)], ids=["newer", "older"])
def test_update(server, tmp_path, form, direction, age, kept):
    current = existing(server, tmp_path, direction, b"longer", age=age)
    assert sync(server, "--update", *ends(server, tmp_path, form, direction)).returncode == 0
    assert current() == (b"longer" if kept else b"new")


@FORMS
@DIRECTIONS
def test_filters(server, tmp_path, form, direction):
    current = existing(server, tmp_path, direction, b"longer", age=100)
    done = sync(server, "--exclude", "f*", *ends(server, tmp_path, form, direction))
    assert (done.returncode, done.stdout) == (0, b"") and current() == b"longer"


# MARK: Filters and lists


def test_an_excluded_folder_is_not_opened(server, tmp_path):
    for name in ("a/x", "skipped/y", "skipped/in/z", "b.tmp"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "skipped" / "loop").symlink_to("..")
    (tmp_path / "skipped" / "broken").symlink_to("nowhere")
    done = sync(server, "--exclude", "skipped/*", "--exclude", "*.tmp", tmp_path, "s3://bucket/up/")
    assert (done.returncode, done.stderr) == (0, b"") and keys(server) == {"up/a/x"}


def test_patterns_from_files_keep_their_place(server, tmp_path):
    for name in ("a.jpg", "b.png", "c.tmp"):
        (tmp_path / name).write_bytes(b"x")
        server.put("bucket", "in/" + name, b"x")
    patterns = tmp_path.parent / f"{tmp_path.name}.patterns"
    patterns.write_text("# comment\n\n*.jpg\r\n*.png\n")
    done = sync(server, "--exclude", "*", "--include-from", patterns, "--exclude", "b*", tmp_path, "s3://bucket/up/")
    assert done.returncode == 0 and {k for k in keys(server) if k.startswith("up/")} == {"up/a.jpg"}
    done = sync(server, "--exclude-from", patterns, "s3://bucket/in/", tmp_path / "out")
    assert set(tree(tmp_path / "out")) == {"c.tmp"}
    assert sync(server, "--exclude-from", "/nonexistent", tmp_path, "s3://bucket/up/").returncode == 74


@pytest.mark.parametrize("direction", ["download", "upload", "copy"])
def test_files_from_between_two_sides(server, tmp_path, direction):
    source = tmp_path / "src"
    for name in ("a", "b/c", "b/d", "e"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(name.encode())
        server.put("bucket", "in/" + name, name.encode())
    arguments = {"download": ["s3://bucket/in/", tmp_path / "out"], "upload": [source, "s3://bucket/out/"],
                 "copy": ["s3://bucket/in/", "s3://bucket/out/"]}[direction]
    listed = b"b/c\na\nb/c\n" if direction == "upload" else b"b/c\ns3://bucket/in/a\n"
    done = sync(server, "--files-from", "-", *arguments, stdin=listed)
    assert done.returncode == 0, done.stderr
    result = tree(tmp_path / "out") if direction == "download" else {
        k[4:]: server.objects["bucket"][k].data for k in keys(server) if k.startswith("out/")}
    assert result == {"a": b"a", "b/c": b"b/c"}
    assert not [a for a in server.requests if "list-type" in a.query], "nothing is listed"
    done = sync(server, "--files-from", "-", *arguments, stdin=b"e\nmissing\n")
    assert done.returncode == 74 and b"missing" in done.stderr and b"/e" in done.stdout
    assert sync(server, "--files-from", "-", *arguments, stdin=listed).stdout == b""
    assert sync(server, "--files-from", "-", "--delete", *arguments, stdin=listed).returncode == 64


def test_list_of_one_level_and_of_buckets(server):
    for key in ("p/a", "p/b/c", "p/b/d", "p/b.txt", "p/é/x"):
        server.put("bucket", key, b"x")
    server.objects["another"] = {}
    done = sync(server, "--list", "--delimiter", "/", "s3://bucket/p/")
    assert [r.get("key") or r.get("prefix") for r in lines(done)] == ["p/a", "p/b.txt", "p/b/", "p/é/"]
    for arguments in (["--list"], ["--list", "s3://"]):
        assert [r["bucket"] for r in lines(sync(server, *arguments))] == ["another", "bucket"]


# MARK: Attributes, rate, order


def test_attributes(server, tmp_path):
    (tmp_path / "f").write_bytes(b"x")
    (tmp_path / "large").write_bytes(bytes(6 << 20))
    done = sync(server, "--tags", "a=b c", "--tags", "d=é", "--content-encoding", "gzip", "--content-disposition", "attachment",
                "--part-size", "5MiB", tmp_path, "s3://bucket/")
    assert done.returncode == 0, done.stderr
    for asked in (a for a in server.requests if a.method == "PUT" and "partNumber" not in a.query or "uploads" in a.query):
        assert asked.headers["x-amz-tagging"] == "a=b%20c&d=%C3%A9"
        assert asked.headers["content-encoding"] == "gzip" and asked.headers["content-disposition"] == "attachment"


@pytest.mark.parametrize("form", ["down", "up", "many"])
def test_limit_rate(server, tmp_path, form):
    data = random.Random(1).randbytes(3 << 20)
    server.put("bucket", "f", data)
    (tmp_path / "f").write_bytes(data)
    for index in range(30):
        server.put("bucket", f"in/{index}", data[:100_000])
    arguments = {"down": ["s3://bucket/f", tmp_path / "out"], "up": [tmp_path / "f", "s3://bucket/g"],
                 "many": ["s3://bucket/in/", tmp_path / "many"]}[form]
    start = time.monotonic()
    assert sync(server, "--limit-rate", "2M", *arguments).returncode == 0
    assert 1.2 < time.monotonic() - start < 8


def test_a_large_object_comes_by_parallel_ranges_in_order(server):
    data = random.Random(9).randbytes((40 << 20) + 7)
    server.put("bucket", "big", data)
    server.fault = lambda a: ("delay", 0.3) if a.method == "GET" and a.headers.get("range", "").startswith("bytes=0-") else None
    done = sync(server, "s3://bucket/big", "-")
    assert done.returncode == 0 and done.stdout == data
    assert len({a.headers["range"] for a in server.asked("GET", "big")}) > 1


def test_progress_counts_bytes_as_they_arrive(server, tmp_path):
    server.put("bucket", "f", bytes(15 << 20))
    script = f"{S3SYNC} --limit-rate 8M s3://bucket/f {tmp_path}/f"
    from support.s3_peers import environment
    done = subprocess.run(["script", "-qec", script, "/dev/null"], env=environment(server.endpoint, TERM="xterm"),
                          capture_output=True, timeout=30)
    shown = {part.split(b",")[1] for part in done.stdout.split(b"\r\x1b[K") if part.count(b",") >= 2}
    assert len(shown) >= 3, "a download of one range is drawn while it arrives"


def test_a_tar_of_a_list_with_large_objects(server):
    data = random.Random(3).randbytes(9 << 20)
    server.put("bucket", "x/large", data)
    done = sync(server, "--max-object", "1M", "--files-from", "-", "-", stdin=b"s3://bucket/x/\n")
    archive = tarfile.open(fileobj=io.BytesIO(done.stdout))
    assert {m.name: archive.extractfile(m).read() for m in archive} == {"x/large": data}
