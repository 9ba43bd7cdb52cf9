"""What changes while s3sync works, what it deletes, and what it takes for current: nothing is lost."""

import json
import os
import random
import threading
import time

import pytest

from support.s3_peers import tree
from support.s3sync_run import keys, server, sync  # noqa: F401

HOUR_AGO = time.time() - 3600


def aged(path, data):
    path.write_bytes(data)
    os.utime(path, (HOUR_AGO, HOUR_AGO))
    return path


# MARK: Lost updates


def overwrite(path):
    with open(path, "r+b") as file:
        file.write(b"NEW")


def replace(path):
    """As editors save: another file under the name, and one that keeps its old time."""
    other = path.with_name("other")
    data = path.read_bytes()
    aged(other, b"NEW" + data[3:])
    other.rename(path)


def set_back(path):
    overwrite(path)
    os.utime(path, (HOUR_AGO, HOUR_AGO))


@pytest.mark.parametrize("form", ["folder", "file"])
@pytest.mark.parametrize("size", [1000, 3 << 20, 12 << 20], ids=["in memory", "whole", "in parts"])
@pytest.mark.parametrize("change", [overwrite, replace, set_back])
def test_a_file_that_changes_during_its_upload_is_uploaded_again(server, tmp_path, change, size, form):
    folder = tmp_path / "src"
    folder.mkdir()
    path = aged(folder / "db", random.Random(size).randbytes(size))
    changed = threading.Event()

    def fault(asked):
        if asked.method in ("PUT", "POST") and not changed.is_set() and asked.query.get("partNumber", "1") == "1" and "uploads" not in asked.query:
            changed.set()
            time.sleep(0.05)
            change(path)

    server.fault = fault
    arguments = {"folder": [folder, "s3://bucket/up/"], "file": [path, "s3://bucket/up/db"]}[form]
    done = sync(server, "--part-size", "5M", *arguments)
    assert changed.is_set() and done.returncode == 0, done.stderr
    assert server.objects["bucket"]["up/db"].data == path.read_bytes()
    assert server.objects["bucket"]["up/db"].data.startswith(b"NEW") and server.uploads == {}


@pytest.mark.parametrize("size", [1000, 6 << 20])
def test_a_file_that_never_rests_is_repaired_by_the_next_run(server, tmp_path, size):
    path = aged(tmp_path / "db", bytes(size))
    server.fault = lambda a: ("delay", 0.1) if a.method in ("PUT", "POST") else None
    stop = threading.Event()

    def write():
        count = 0
        while not stop.is_set():
            count += 1
            with open(path, "r+b") as file:
                file.write(b"%08d" % count)
            time.sleep(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        done = sync(server, "--part-size", "5M", tmp_path, "s3://bucket/up/")
    finally:
        stop.set()
        writer.join()
    assert done.returncode == 75 and b"kept changing" in done.stderr
    server.requests.clear()
    assert sync(server, tmp_path, "s3://bucket/up/").returncode == 0
    assert server.objects["bucket"]["up/db"].data == path.read_bytes()


def test_if_none_match_survives_a_second_attempt(server, tmp_path):
    """The object that stands in the way of the second attempt is the first attempt's own."""
    path = aged(tmp_path / "f", b"old")
    server.fault = lambda a: overwrite(path) if a.method == "PUT" and a.times == 1 else None
    done = sync(server, "--if-none-match", path, "s3://bucket/f")
    assert done.returncode == 0 and server.objects["bucket"]["f"].data == b"NEW"
    server.fault = lambda a: None
    done = sync(server, "--if-none-match", "--json", path, "s3://bucket/f")
    assert json.loads(done.stdout)["status"] == "skipped"


# MARK: Deletions


def test_a_rename_whose_upload_failed_keeps_the_old_object(server, tmp_path):
    aged(tmp_path / "old", b"data")
    assert sync(server, tmp_path, "s3://bucket/up/").returncode == 0
    (tmp_path / "old").rename(tmp_path / "new")
    server.fault = lambda a: ("status", 400, "InvalidRequest") if a.method == "PUT" else None
    done = sync(server, "--delete", tmp_path, "s3://bucket/up/")
    assert done.returncode == 69 and b"deletions skipped" in done.stderr
    assert keys(server) == {"up/old"}
    server.fault = lambda a: None
    assert sync(server, "--delete", tmp_path, "s3://bucket/up/").returncode == 0
    assert keys(server) == {"up/new"}


def test_a_failed_download_or_copy_deletes_nothing(server, tmp_path):
    server.put("bucket", "in/new", b"data")
    (tmp_path / "old").write_bytes(b"data")
    server.put("bucket", "to/old", b"data")
    server.fault = lambda a: ("status", 403, "AccessDenied") if "new" in a.key else None
    assert sync(server, "--delete", "s3://bucket/in/", tmp_path).returncode == 77
    assert sync(server, "--delete", "s3://bucket/in/", "s3://bucket/to/").returncode == 77
    assert tree(tmp_path) == {"old": b"data"} and "to/old" in keys(server)


def test_a_key_that_is_not_a_path_deletes_nothing(server, tmp_path):
    server.put("bucket", "in/../x", b"data")
    (tmp_path / "old").write_bytes(b"data")
    assert sync(server, "--delete", "s3://bucket/in/", tmp_path).returncode == 65
    assert tree(tmp_path) == {"old": b"data"}


@pytest.mark.parametrize("limit,deleted", [("3", True), ("2", False), ("75%", True), ("74%", False), ("0", False), ("100%", True)])
@pytest.mark.parametrize("form", ["upload", "download", "copy"])
def test_max_delete(server, tmp_path, form, limit, deleted):
    source, target = tmp_path / "src", tmp_path / "dst"
    for folder in (source, target):
        folder.mkdir()
        (folder / "kept").write_bytes(b"x")
    server.put("bucket", "src/kept", b"x")
    server.put("bucket", "dst/kept", b"x")
    for name in "abc":
        (target / name).write_bytes(b"x")
        server.put("bucket", f"dst/{name}", b"x")
    ends = {"upload": [source, "s3://bucket/dst/"], "download": ["s3://bucket/src/", target],
            "copy": ["s3://bucket/src/", "s3://bucket/dst/"]}[form]
    for extra in (["--dry-run"], []):
        done = sync(server, *extra, "--size-only", "--delete", "--max-delete", limit, *ends)
        assert done.returncode == (0 if deleted else 65), done.stderr
        assert deleted or (b"--max-delete" in done.stderr and b"delete:" not in done.stdout)
    left = set(os.listdir(target)) if form == "download" else {k[4:] for k in keys(server) if k.startswith("dst/")}
    assert left == ({"kept"} if deleted else {"kept", "a", "b", "c"})


def test_a_folder_is_replaced_by_a_file_in_one_run(server, tmp_path):
    for name in ("item/x", "item/sub/y", "item-a"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"old")
    server.put("bucket", "in/item", b"new")
    done = sync(server, "--delete", "s3://bucket/in/", tmp_path)
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path) == {"item": b"new"}


@pytest.mark.parametrize("size", [3, 3 << 20])
def test_a_file_is_replaced_by_a_folder_in_one_run(server, tmp_path, size):
    (tmp_path / "item").write_bytes(b"old")
    server.put("bucket", "in/item/sub/x", bytes(size))
    server.put("bucket", "in/item/y", b"new")
    done = sync(server, "--delete", "s3://bucket/in/", tmp_path)
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path) == {"item/sub/x": bytes(size), "item/y": b"new"}
    assert sync(server, "--delete", "s3://bucket/in/", tmp_path).stdout == b""


def test_what_is_in_the_way_stays_without_delete(server, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x").write_bytes(b"old")
    (tmp_path / "b").write_bytes(b"old")
    server.put("bucket", "in/a", b"new")
    server.put("bucket", "in/b/y", b"new")
    done = sync(server, "s3://bucket/in/", tmp_path)
    assert done.returncode == 74 and len(done.stderr.splitlines()) == 2, done.stderr
    assert tree(tmp_path) == {"a/x": b"old", "b": b"old"}


@pytest.mark.parametrize("reason", ["excluded", "link", "failure", "limit"])
def test_a_folder_is_not_replaced_where_delete_would_not_remove_all_of_it(server, tmp_path, reason):
    (tmp_path / "item").mkdir()
    (tmp_path / "item" / "x").write_bytes(b"old")
    (tmp_path / "item" / "y.tmp").write_bytes(b"old")
    server.put("bucket", "in/item", b"new")
    server.put("bucket", "in/z", b"new")
    extra = {"excluded": ["--exclude", "*.tmp"], "limit": ["--max-delete", "1"]}.get(reason, [])
    if reason == "link":
        (tmp_path / "item" / "link").symlink_to("x")
    if reason == "failure":
        server.fault = lambda a: ("status", 403, "AccessDenied") if a.key == "in/z" else None
    done = sync(server, "--delete", *extra, "s3://bucket/in/", tmp_path)
    assert done.returncode != 0
    assert (tmp_path / "item" / "x").read_bytes() == b"old" and (tmp_path / "item" / "y.tmp").read_bytes() == b"old"


def test_a_failed_replacement_keeps_the_file(server, tmp_path):
    (tmp_path / "item").write_bytes(b"old")
    server.put("bucket", "in/item/x", b"new")
    server.fault = lambda a: ("status", 403, "AccessDenied") if a.method == "GET" and a.key else None
    assert sync(server, "--delete", "s3://bucket/in/", tmp_path).returncode == 77
    assert tree(tmp_path) == {"item": b"old"}


# MARK: Modification times


def test_up_and_down_moves_nothing_twice(server, tmp_path):
    source = tmp_path / "src"
    for index in range(20):
        (source / f"d{index % 3}").mkdir(parents=True, exist_ok=True)
        path = aged(source / f"d{index % 3}" / f"f{index}", bytes(index))
        os.utime(path, ns=(0, 1_600_000_000_123_456_789 + index * 1_000_000_000))
    aged(source / "large", bytes(9 << 20))
    assert sync(server, "--part-size", "5M", source, "s3://bucket/m/").returncode == 0
    assert server.objects["bucket"]["m/d1/f1"].headers["x-amz-meta-mtime"] == "1600000001.123456789"
    # Back into the folder that it came from: there is nothing to do.
    for attempt in range(2):
        server.requests.clear()
        assert sync(server, "s3://bucket/m/", source).stdout == b""
        assert not [a for a in server.asked("GET") if a.key]
    assert not server.asked("HEAD"), "the second run knows"
    # And into another one, with its times.
    assert sync(server, "s3://bucket/m/", tmp_path / "out").returncode == 0
    assert tree(tmp_path / "out") == tree(source)
    for path in source.rglob("*"):
        if path.is_file():
            assert (tmp_path / "out" / path.relative_to(source)).stat().st_mtime_ns == path.stat().st_mtime_ns
    server.requests.clear()
    assert sync(server, "s3://bucket/m/", tmp_path / "out").stdout == b"" and len(server.requests) == 1
    assert sync(server, source, "s3://bucket/m/").stdout == b""


def test_a_changed_object_or_file_is_still_noticed(server, tmp_path):
    aged(tmp_path / "f", b"one")
    assert sync(server, tmp_path, "s3://bucket/m/").returncode == 0
    out = tmp_path / "out"
    assert sync(server, "s3://bucket/m/", out).returncode == 0
    server.put("bucket", "m/f", b"two", **{"x-amz-meta-mtime": "1600000000"})
    assert sync(server, "s3://bucket/m/", out).returncode == 0
    assert (out / "f").read_bytes() == b"two" and (out / "f").stat().st_mtime == 1_600_000_000
    (out / "f").write_bytes(b"xyz")
    assert sync(server, "s3://bucket/m/", out).returncode == 0
    assert (out / "f").read_bytes() == b"two"


def test_no_mtime(server, tmp_path):
    aged(tmp_path / "f", b"one")
    assert sync(server, "--no-mtime", tmp_path, "s3://bucket/m/").returncode == 0
    assert "x-amz-meta-mtime" not in server.objects["bucket"]["m/f"].headers
    stored = server.put("bucket", "m/f", b"one", **{"x-amz-meta-mtime": "1600000000"})
    assert sync(server, "--no-mtime", "s3://bucket/m/", tmp_path / "out").returncode == 0
    assert int((tmp_path / "out" / "f").stat().st_mtime) == int(stored.modified.timestamp())


@pytest.mark.parametrize("value", ["", "yesterday", "1e9", "99999999999999", "-"])
def test_metadata_that_is_not_a_time(server, tmp_path, value):
    stored = server.put("bucket", "m/f", b"one", **{"x-amz-meta-mtime": value})
    assert sync(server, "s3://bucket/m/", tmp_path / "out").returncode == 0
    assert int((tmp_path / "out" / "f").stat().st_mtime) == int(stored.modified.timestamp())


def test_preserve_mode(server, tmp_path):
    (tmp_path / "src").mkdir()
    aged(tmp_path / "src" / "script", b"#!/bin/sh").chmod(0o750)
    assert sync(server, "--preserve-mode", tmp_path / "src", "s3://bucket/m/").returncode == 0
    assert server.objects["bucket"]["m/script"].headers["x-amz-meta-mode"] == "100750"
    server.put("bucket", "m/setuid", b"", **{"x-amz-meta-mode": "104755"})
    assert sync(server, "--preserve-mode", "s3://bucket/m/", tmp_path / "out").returncode == 0
    assert (tmp_path / "out" / "script").stat().st_mode & 0o7777 == 0o750
    assert (tmp_path / "out" / "setuid").stat().st_mode & 0o7777 == 0o755
    assert sync(server, "s3://bucket/m/", tmp_path / "plain").returncode == 0
    assert (tmp_path / "plain" / "script").stat().st_mode & 0o777 == 0o666 & ~os.umask(os.umask(0o22))
