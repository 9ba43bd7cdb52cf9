"""s3sync against a server that misbehaves: the result is whole and exact, or the status says that it is not."""

import os
import random
import signal
import subprocess
import tarfile
import time
import io

import pytest

from support.fault_server import fault_server
from support.s3_peers import environment, tree
from support.tools import tool

S3SYNC = tool("s3sync")


@pytest.fixture
def server():
    with fault_server() as server:
        server.objects["bucket"] = {}
        yield server


def sync(server, *arguments, stdin=b"", timeout=60, **extra):
    return subprocess.run([S3SYNC, *map(str, arguments)], input=stdin, capture_output=True, timeout=timeout,
                          env=environment(server.endpoint, **extra))


def fill(server, count=20, size=2000):
    random.seed(count)
    contents = {f"d{i % 3}/f{i:03}": random.randbytes(size + i) for i in range(count)}
    for key, data in contents.items():
        server.put("bucket", "in/" + key, data)
    return contents


def names(folder):
    return {name for _, _, files in os.walk(folder) for name in files}


# What happens to each object's first GET, and is repaired by a retry.
ONCE = {
    "reset": ("reset",),
    "truncated": ("truncate", 100),
    "500": ("status", 500, "InternalError"),
    "503": ("status", 503, "SlowDown"),
    "429": ("status", 429, "TooManyRequests"),
    "corrupt byte": ("corrupt", 7),
    "length too large": ("length", 5),
}


@pytest.mark.parametrize("fault", ONCE.values(), ids=ONCE.keys())
def test_download_survives_what_happens_once(server, tmp_path, fault):
    contents = fill(server)
    server.fault = lambda a: fault if a.method == "GET" and a.key and a.times == 1 else None
    done = sync(server, "s3://bucket/in/", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path / "out") == contents


@pytest.mark.parametrize("fault", [ONCE[n] for n in ("reset", "500", "503", "429")], ids=["reset", "500", "503", "429"])
def test_upload_survives_what_happens_once(server, tmp_path, fault):
    folder = tmp_path / "src"
    folder.mkdir()
    random.seed(3)
    for i in range(10):
        (folder / f"f{i}").write_bytes(random.randbytes(5000))
    (folder / "large").write_bytes(random.randbytes(12 << 20))
    server.fault = lambda a: fault if a.method in ("PUT", "POST") and a.times == 1 else None
    done = sync(server, "--part-size", "5M", folder, "s3://bucket/up/")
    assert done.returncode == 0, done.stderr
    assert {k[3:]: s.data for k, s in server.objects["bucket"].items()} == tree(folder)
    assert not server.uploads


# What does not go away: nothing under the final name, and the status for it.
ALWAYS = {
    "reset": (("reset",), 75),
    "truncated": (("truncate", 100), 75),
    "500": (("status", 500, "InternalError"), 75),
    "503": (("status", 503, "SlowDown"), 75),
    "403": (("status", 403, "AccessDenied"), 77),
    "307 to another host": (("status", 307, "TemporaryRedirect", {"location": "http://127.0.0.1:1/x"}), 69),
    "corrupt": (("corrupt", 7), 69),
    "length too large": (("length", 5), 75),
    "length too small": (("length", -5), None),
}


@pytest.mark.parametrize("fault,status", ALWAYS.values(), ids=ALWAYS.keys())
def test_download_never_leaves_a_partial_file(server, tmp_path, fault, status):
    contents = fill(server, 6)
    server.fault = lambda a: fault if a.method == "GET" and a.key.endswith("f003") else None
    done = sync(server, "s3://bucket/in/", tmp_path / "out", AWS_MAX_ATTEMPTS="3")
    assert done.returncode == status if status else done.returncode != 0, done.stderr
    assert b"f003" in done.stderr
    del contents["d0/f003"]
    assert tree(tmp_path / "out") == contents


@pytest.mark.parametrize("fault", [("truncate", 1 << 20), ("reset",)], ids=["truncated", "reset"])
def test_large_download_is_resumed_where_it_stopped(server, tmp_path, fault):
    data = random.Random(5).randbytes(24 << 20)
    server.put("bucket", "large", data)
    server.fault = lambda a: fault if a.method == "GET" and a.times <= 2 else None
    done = sync(server, "s3://bucket/large", tmp_path / "large", "--part-size", "8M")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "large").read_bytes() == data
    gets = server.asked("GET", "large")
    assert all(a.headers.get("if-match") for a in gets)
    if fault[0] == "truncate":
        starts = {a.headers["range"] for a in gets}
        resumed = {f"bytes={(n << 23) + (1 << 20)}-{((n + 1) << 23) - 1}" for n in range(3)}
        assert len(resumed & starts) == 2, "a broken range is resumed where it broke"


def test_large_download_with_a_corrupt_byte_is_refused(server, tmp_path):
    server.put("bucket", "large", random.Random(6).randbytes(20 << 20))
    server.fault = lambda a: ("corrupt", 77) if a.method == "GET" else None
    done = sync(server, "s3://bucket/large", tmp_path / "large")
    assert done.returncode == 75 and b"checksum" in done.stderr
    assert names(tmp_path) == set()


def test_a_service_that_ignores_ranges_is_refused(server, tmp_path):
    server.put("bucket", "large", random.Random(8).randbytes(20 << 20))
    server.fault = lambda a: ("whole",) if a.method == "GET" else None
    done = sync(server, "s3://bucket/large", tmp_path / "large")
    assert done.returncode == 69 and b"ignores ranges" in done.stderr
    assert names(tmp_path) == set()


WRONG_RANGES = {
    "another start": lambda first, last: {"shift": -(1 << 20)},
    "one byte later": lambda first, last: {"shift": 1},
    "another total": lambda first, last: {"content-range": f"bytes {first}-{last}/{(20 << 20) + 1}"},
    "another end": lambda first, last: {"content-range": f"bytes {first}-{last - 1}/{20 << 20}"},
    "no Content-Range": lambda first, last: {"content-range": None},
    "another entity tag": lambda first, last: {"etag": '"another"'},
}


@pytest.mark.parametrize("form", ["file", "folder", "output", "tar"])
@pytest.mark.parametrize("wrong", WRONG_RANGES.values(), ids=WRONG_RANGES.keys())
def test_a_range_other_than_the_one_requested_is_refused(server, tmp_path, wrong, form):
    """No entity tag and no checksum would tell: the tag is a multipart upload's."""
    server.put("bucket", "in/large", random.Random(8).randbytes(20 << 20)).etag = "0" * 32 + "-2"

    def fault(asked):
        first, _, last = asked.headers.get("range", "bytes=0-0")[6:].partition("-")
        if asked.method == "GET" and int(first) > 0:
            change = wrong(int(first), int(last))
            return ("shift", change["shift"]) if "shift" in change else ("headers", change)

    server.fault = fault
    arguments = {"file": ["s3://bucket/in/large", tmp_path / "large"], "folder": ["s3://bucket/in/", tmp_path],
                 "output": ["s3://bucket/in/large", "-"], "tar": ["--max-object", "1M", "s3://bucket/in/", "-"]}
    done = sync(server, *arguments[form], AWS_MAX_ATTEMPTS="2")
    assert done.returncode in (69, 75), done.stderr
    assert {n for n in names(tmp_path) if not n.startswith(".s3sync-")} == set() and not done.stdout.endswith(bytes(1024))


# A file system of 8 MiB in a mount namespace of its own.
SMALL_DISK = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=8m none "$1" && shift && "$@"; status=$?; '
              'find "$DISK" -type f -printf "%s %f\n"; exit $status', "sh"]


@pytest.mark.skipif(subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0,
                    reason="no mount namespaces here")
@pytest.mark.parametrize("sizes", [[20 << 20], [1 << 20] * 20, [3 << 20] * 5], ids=["large", "small", "several"])
def test_a_full_disk(server, tmp_path, sizes):
    for i, size in enumerate(sizes):
        server.put("bucket", f"in/{i:02}", bytes([i]) * size)
    done = subprocess.run([*SMALL_DISK, tmp_path, S3SYNC, "--quiet", "s3://bucket/in/", tmp_path / "out"], timeout=60,
                          capture_output=True, text=True, env=environment(server.endpoint, DISK=str(tmp_path)))
    assert done.returncode == 74 and "No space left on device" in done.stderr, done.stderr
    left = [line.split() for line in done.stdout.splitlines()]
    assert not any(".s3sync-" in name for _, name in left)
    assert [int(size) for size, _ in left] == [sizes[0]] * ((8 << 20) // sizes[0]), "whole files, as many as fit"
    first = f"bytes=0-{(16 << 20) - 1}"
    assert first not in [a.headers.get("range") for a in server.asked("GET", "in/")], "does not fit, and was fetched"


def test_object_that_changes_during_the_download_is_refused(server, tmp_path):
    first = random.Random(7).randbytes(20 << 20)
    server.put("bucket", "in/large", first)

    def change(asked):
        if asked.method == "GET" and asked.key and asked.number > 3:
            with server.lock:
                server.put("bucket", "in/large", b"x" * len(first))

    server.fault = change
    done = sync(server, "s3://bucket/in/", tmp_path / "out", "--part-size", "5M")
    assert done.returncode == 75 and b"changed" in done.stderr
    assert names(tmp_path / "out") == set()


def test_one_connection_in_five_drops(server, tmp_path):
    contents = fill(server, 300, 500)
    dice = random.Random(1)
    server.fault = lambda a: ("reset",) if dice.random() < 0.2 else None
    down = sync(server, "s3://bucket/in/", tmp_path / "out")
    assert down.returncode == 0, down.stderr
    assert tree(tmp_path / "out") == contents
    up = sync(server, tmp_path / "out", "s3://bucket/up/")
    assert up.returncode == 0, up.stderr
    assert {k[3:]: s.data for k, s in server.objects["bucket"].items() if k.startswith("up/")} == contents


def test_a_stalled_server_is_given_up(server, tmp_path):
    fill(server, 3)
    server.fault = lambda a: ("stall", 5) if a.key else None
    start = time.monotonic()
    child = subprocess.Popen([S3SYNC, "s3://bucket/in/", str(tmp_path / "out")], env=environment(server.endpoint),
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(1)
    child.send_signal(signal.SIGTERM)
    assert child.wait(10) == -signal.SIGTERM
    assert time.monotonic() - start < 8
    assert names(tmp_path / "out") == set()


@pytest.mark.parametrize("page", [1, 2])
@pytest.mark.parametrize("fault", [("status", 500, "InternalError"), ("garbage",), ("truncate", 30), ("status", 403, "AccessDenied")],
                         ids=["500", "garbage", "truncated", "403"])
def test_a_listing_that_fails_stops_everything_s5cmd_564(server, tmp_path, fault, page):
    """s5cmd took a failed listing for an empty target and copied 250 TiB again."""
    server.page_size = 5
    fill(server, 12)
    folder = tmp_path / "src"
    folder.mkdir()
    (folder / "new").write_bytes(b"new")
    before = dict(server.objects["bucket"])
    server.fault = lambda a: fault if not a.key and (page == 1) != ("continuation-token" in a.query) else None
    for arguments in ((folder, "s3://bucket/in/"), ("s3://bucket/in/", folder)):
        done = sync(server, "--delete", *arguments, AWS_MAX_ATTEMPTS="2")
        assert done.returncode in (69, 75, 77), done.stderr
        assert server.objects["bucket"] == before
        assert tree(folder) == {"new": b"new"}
        assert not server.asked("PUT") and not [a for a in server.asked("GET") if a.key]


def test_status_after_a_failure_s5cmd_869(server, tmp_path):
    """s5cmd left with 0 although objects had failed."""
    fill(server, 5)
    server.fault = lambda a: ("status", 404, "NoSuchKey") if a.key.endswith("f002") else None
    done = sync(server, "s3://bucket/in/", tmp_path / "out")
    assert done.returncode == 69 and len(tree(tmp_path / "out")) == 4


@pytest.mark.parametrize("key", ["in/..", "in/.", "../x/..", ".."])
def test_one_object_cannot_leave_the_target_awscli_10579(server, tmp_path, key):
    server.put("bucket", key, b"evil")
    (tmp_path / "a/b").mkdir(parents=True)
    for arguments in ([f"s3://bucket/{key}", f"{tmp_path}/a/b/"], ["s3://bucket/", f"{tmp_path}/a/b/"]):
        done = sync(server, *arguments)
        assert done.returncode != 0, done.stdout
        assert names(tmp_path) == set()


def test_keys_cannot_leave_the_target_s5cmd_872_awscli_10361(server, tmp_path):
    """`../` in a key wrote outside the target folder."""
    bad = ["../up", "a/../../up", "/absolute", "a//b", "./dot", "x/.", "nul\0byte"]
    for key in bad + ["good"]:
        server.put("bucket", "in/" + key, key.encode())
    target = tmp_path / "deep" / "out"
    done = sync(server, "s3://bucket/in/", target)
    assert done.returncode != 0
    assert tree(tmp_path) == {"deep/out/good": b"good"}
    assert len(done.stderr.splitlines()) == len(bad), done.stderr


def test_local_file_survives_a_failed_download_s5cmd_479(server, tmp_path):
    """s5cmd truncated the local file before the download had succeeded."""
    server.put("bucket", "in/f", b"remote" * 1000)
    (tmp_path / "f").write_bytes(b"local")
    server.fault = lambda a: ("truncate", 10) if a.method == "GET" and a.key else None
    done = sync(server, "s3://bucket/in/", tmp_path, AWS_MAX_ATTEMPTS="2")
    assert done.returncode == 75
    assert tree(tmp_path) == {"f": b"local"}


def test_a_broken_link_does_not_stop_the_rest_s5cmd_749(server, tmp_path):
    """One broken link ended s5cmd's sync."""
    (tmp_path / "good").write_bytes(b"good")
    (tmp_path / "broken").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to(".")
    server.put("bucket", "up/broken", b"kept")
    done = sync(server, "--delete", tmp_path, "s3://bucket/up/")
    assert done.returncode == 74 and b"broken" in done.stderr
    assert server.objects["bucket"]["up/good"].data == b"good"
    assert server.objects["bucket"]["up/broken"].data == b"kept", "what cannot be read is not taken for absent"


def test_an_unreadable_folder_protects_what_is_below_it(server, tmp_path):
    if os.geteuid() == 0:
        os.mkdir(tmp_path / "d")
        os.symlink("d", tmp_path / "d" / "circle")  # root reads everything; a circle cannot be read either
        os.rename(tmp_path / "d" / "circle", tmp_path / "circle")
        (tmp_path / "circle").unlink()
        os.symlink("..", tmp_path / "d" / "up")
        key = "up/d/up/x"
    else:
        os.mkdir(tmp_path / "locked", 0)
        key = "up/locked/x"
    server.put("bucket", key, b"kept")
    server.put("bucket", "up/gone", b"gone")
    done = sync(server, "--delete", tmp_path, "s3://bucket/up/")
    assert done.returncode == 74 and b"deletions skipped" in done.stderr
    assert set(server.objects["bucket"]) == {key, "up/gone"}


def test_a_newer_object_of_the_same_size_is_downloaded_awscli_599(server, tmp_path):
    """aws-cli skips an object that is newer than the file, if the sizes agree."""
    server.put("bucket", "in/f", b"old")
    assert sync(server, "s3://bucket/in/", tmp_path).returncode == 0
    server.put("bucket", "in/f", b"new")
    time.sleep(1.1)
    server.put("bucket", "in/f", b"new")
    assert sync(server, "s3://bucket/in/", tmp_path).returncode == 0
    assert (tmp_path / "f").read_bytes() == b"new"
    count = len(server.requests)
    assert sync(server, "s3://bucket/in/", tmp_path).returncode == 0
    assert len(server.requests) == count + 1, "then there is nothing to do"


def test_same_size_and_time_with_checksum_awscli_6750(server, tmp_path):
    """aws-cli compares no checksums."""
    stored = server.put("bucket", "in/f", b"right")
    (tmp_path / "f").write_bytes(b"wrong")
    os.utime(tmp_path / "f", (stored.modified.timestamp(),) * 2)
    assert sync(server, "--checksum", "s3://bucket/in/", tmp_path).returncode == 0
    assert (tmp_path / "f").read_bytes() == b"right"
    os.utime(tmp_path / "f", (1, 1))
    done = sync(server, "--checksum", "--dry-run", "s3://bucket/in/", tmp_path)
    assert done.stdout == b""


@pytest.mark.parametrize("part", [5, 8, 10, 16])
def test_checksum_infers_the_part_size_awscli_9074(server, tmp_path, part):
    data = random.Random(part).randbytes((22 << 20) + 3)
    (tmp_path / "f").write_bytes(data)
    assert sync(server, "--part-size", f"{part}M", tmp_path, "s3://bucket/in/").returncode == 0
    stored = server.objects["bucket"]["in/f"]
    assert "-" in stored.etag
    stored.headers.clear()  # no stored checksum: only the tag speaks
    server.requests.clear()
    done = sync(server, "--checksum", tmp_path, "s3://bucket/in/")
    assert done.returncode == 0 and done.stdout == b"", done.stderr
    (tmp_path / "f").write_bytes(data[:-1] + b"x")
    done = sync(server, "--checksum", "--dry-run", tmp_path, "s3://bucket/in/")
    assert b"f" in done.stdout


def test_a_beside_a_slash_b_awscli_1538(server, tmp_path):
    for key in ("a", "a-b", "a/b", "a.txt", "c"):
        server.put("bucket", "in/" + key, key.encode())
    done = sync(server, "s3://bucket/in/", tmp_path)
    assert done.returncode == 65 and b"a/b" in done.stderr
    assert tree(tmp_path) == {"a": b"a", "a-b": b"a-b", "a.txt": b"a.txt", "c": b"c"}


def test_folder_names_sort_with_their_slash_awscli_431(server, tmp_path):
    """A walk that sorts `foo` before `foo.txt` sees `foo/x` in the wrong place, and deletes or copies again."""
    for name in ("foo/x", "foo.txt", "foo-bar/y", "foo0"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name.encode())
    assert sync(server, tmp_path, "s3://bucket/up/").returncode == 0
    done = sync(server, "--delete", tmp_path, "s3://bucket/up/")
    assert done.stdout == b"" and len(server.objects["bucket"]) == 4


def test_credentials_expire_midway(server, tmp_path):
    contents = fill(server, 30)
    keys = tmp_path / "keys"
    keys.write_text("AKFIRST")
    script = tmp_path / "process"
    script.write_text(f"""#!/bin/sh
echo "{{\\"Version\\":1,\\"AccessKeyId\\":\\"$(cat {keys})\\",\\"SecretAccessKey\\":\\"SECRET\\"}}"
""")
    script.chmod(0o755)
    config = tmp_path / "config"
    config.write_text(f"[profile p]\ncredential_process = {script}\n")

    def expire(asked):
        if asked.number > 10 and "AKFIRST" in asked.headers.get("authorization", ""):
            (tmp_path / f"keys{asked.number}").write_text("AKSECOND")
            (tmp_path / f"keys{asked.number}").rename(keys)
            return ("status", 400, "ExpiredToken")

    server.fault = expire
    done = sync(server, "--profile", "p", "s3://bucket/in/", tmp_path / "out", AWS_CONFIG_FILE=str(config))
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path / "out") == contents
    assert any("AKSECOND" in a.headers["authorization"] for a in server.requests)


def test_expired_credentials_that_nobody_renews(server, tmp_path):
    fill(server, 3)
    server.fault = lambda a: ("status", 400, "ExpiredToken") if a.key else None
    done = sync(server, "s3://bucket/in/", tmp_path / "out")
    assert done.returncode == 77 and names(tmp_path / "out") == set()
    stream = sync(server, "s3://bucket/in/", "-")
    assert stream.returncode == 77 and not stream.stdout.endswith(bytes(1024))


def test_authorization_does_not_follow_a_redirect(server, tmp_path):
    with fault_server() as other:
        other.objects["bucket"] = {}
        server.fault = lambda a: ("status", 307, "TemporaryRedirect", {"location": other.endpoint + "/bucket/"})
        assert sync(server, "--list", "s3://bucket/").returncode == 69
        assert other.requests == []


def test_the_region_of_a_bucket_is_learned(server):
    server.put("bucket", "k", b"v")
    server.fault = lambda a: None if "/eu-west-3/" in a.headers.get("authorization", "") else (
        "status", 400, "AuthorizationHeaderMalformed", {"x-amz-bucket-region": "eu-west-3"})
    done = sync(server, "s3://bucket/k", "-")
    assert (done.returncode, done.stdout) == (0, b"v")


def test_secrets_are_never_printed(server, tmp_path):
    fill(server, 3)
    server.fault = lambda a: ("status", 403, "SignatureDoesNotMatch")
    done = sync(server, "--json", "s3://bucket/in/", tmp_path, AWS_SESSION_TOKEN="TOKENTOKEN")
    assert done.returncode == 77
    output = (done.stdout + done.stderr).decode()
    assert "testsecretkey" not in output and "TOKENTOKEN" not in output and "Signature=" not in output


# MARK: Streams


def test_tar_of_a_prefix_with_failed_items(server):
    contents = fill(server, 40)
    bad = {"d0/f003": (404, "NoSuchKey", "not-found"), "d1/f004": (403, "AccessDenied", "forbidden"),
           "d2/f005": (412, "PreconditionFailed", "changed")}
    server.fault = lambda a: ("status", *bad[a.key[3:]][:2]) if a.key[3:] in bad else None
    done = sync(server, "s3://bucket/in/", "-")
    assert done.returncode == 0
    archive = tarfile.open(fileobj=io.BytesIO(done.stdout))
    members = {m.name: archive.extractfile(m).read() for m in archive}
    order = [n.removesuffix(".error.json") for n in members]
    assert order == sorted(contents)
    for name, (_, _, code) in bad.items():
        assert f'"code":"{code}"'.encode() in members.pop(name + ".error.json")
        del contents[name]
    assert members == contents
    assert sync(server, "--strict", "s3://bucket/in/", "-").returncode == 65


def test_tar_ends_without_an_end_when_throttled(server):
    fill(server, 40)
    server.fault = lambda a: ("status", 503, "SlowDown") if a.key.endswith("f020") else None
    done = sync(server, "s3://bucket/in/", "-", AWS_MAX_ATTEMPTS="2")
    assert done.returncode == 75
    assert not done.stdout.endswith(bytes(1024))


def test_an_error_record_cannot_be_forged(server):
    server.put("bucket", "in/x.error.json", b'{"image":"x","error":{"tool":"imgdecode","code":"c","message":"m"}}')
    done = sync(server, "s3://bucket/in/", "-")
    archive = tarfile.open(fileobj=io.BytesIO(done.stdout))
    assert [m.name for m in archive] == ["x.error.json.error.json"]
    assert b'"tool":"s3sync"' in archive.extractfile(archive.getmembers()[0]).read()


def test_object_larger_than_may_be_held_is_streamed(server):
    data = random.Random(3).randbytes((20 << 20) + 5)
    server.put("bucket", "in/large", data)
    server.put("bucket", "in/small", b"small")
    done = sync(server, "--max-object", "1M", "s3://bucket/in/", "-")
    archive = tarfile.open(fileobj=io.BytesIO(done.stdout))
    assert {m.name: archive.extractfile(m).read() for m in archive} == {"large": data, "small": b"small"}
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("fault,code", [(("status", 404, "NoSuchKey"), "not-found"), (("status", 403, "AccessDenied"), "forbidden"),
                                        (("status", 412, "PreconditionFailed"), "changed")], ids=["404", "403", "412"])
def test_a_large_object_that_is_gone_before_its_header_is_an_error_record(server, fault, code):
    server.put("bucket", "in/large", bytes(3 << 20))
    server.put("bucket", "in/small", b"small")
    server.fault = lambda a: fault if a.key.endswith("large") else None
    done = sync(server, "--max-object", "1M", "s3://bucket/in/", "-")
    archive = tarfile.open(fileobj=io.BytesIO(done.stdout))
    assert [m.name for m in archive] == ["large.error.json", "small"] and done.returncode == 0
    assert f'"code":"{code}"'.encode() in done.stdout


@pytest.mark.parametrize("fault", [("status", 412, "PreconditionFailed"), ("status", 404, "NoSuchKey"), ("corrupt", 9),
                                   ("shift", -1)], ids=["changed", "gone", "corrupt", "another range"])
def test_a_large_object_that_breaks_after_its_header_truncates_the_tar(server, fault):
    server.put("bucket", "in/large", random.Random(2).randbytes(20 << 20))
    server.fault = lambda a: fault if a.method == "GET" and "bytes=0-" not in a.headers.get("range", "bytes=0-") else None
    done = sync(server, "--max-object", "1M", "s3://bucket/in/", "-", AWS_MAX_ATTEMPTS="2")
    assert done.returncode == 75 and b"large" in done.stderr and not done.stdout.endswith(bytes(1024))


@pytest.mark.parametrize("fault", [("status", 400, "InvalidRequest"), ("status", 403, "AccessDenied"), ("status", 404, "NoSuchKey"),
                                   ("status", 405, "MethodNotAllowed")], ids=["400", "403", "404", "405"])
@pytest.mark.parametrize("form", ["prefix", "list"])
def test_one_refused_object_is_that_objects_record(server, fault, form):
    for name in "abc":
        server.put("bucket", "in/" + name, name.encode())
    server.fault = lambda a: fault if a.key == "in/b" else None
    arguments = {"prefix": ["s3://bucket/in/", "-"], "list": ["--files-from", "-", "-"]}[form]
    done = sync(server, *arguments, stdin=b"".join(b"s3://bucket/in/%c\n" % c for c in b"abc"))
    archive = tarfile.open(fileobj=io.BytesIO(done.stdout))
    assert [m.name[-12:] for m in archive][1].endswith(".error.json") and len(archive.getnames()) == 3
    assert done.returncode == 0 and b"b" in done.stderr


def test_a_stale_line_of_a_list_is_that_objects_record(server):
    server.put("bucket", "k", b"xy")
    server.put("bucket", "l", b"good")
    done = sync(server, "--files-from", "-", "-", stdin=b'{"bucket":"bucket","key":"k","size":9}\ns3://bucket/l\n')
    archive = tarfile.open(fileobj=io.BytesIO(done.stdout))
    assert archive.getnames() == ["k.error.json", "l"] and done.returncode == 0


@pytest.mark.parametrize("size", [0, 1, (8 << 20) - 1, 8 << 20, (8 << 20) + 1, 20 << 20])
def test_standard_input_of_any_size(server, size):
    data = random.Random(size).randbytes(size)
    done = sync(server, "-", "s3://bucket/out.ndjson", stdin=data)
    assert done.returncode == 0, done.stderr
    stored = server.objects["bucket"]["out.ndjson"]
    assert stored.data == data and not server.uploads
    back = sync(server, "s3://bucket/out.ndjson", "-")
    assert back.stdout == data and back.returncode == 0


def test_a_failed_part_aborts_the_upload(server, tmp_path):
    (tmp_path / "large").write_bytes(bytes(12 << 20))
    server.fault = lambda a: ("status", 403, "AccessDenied") if a.query.get("partNumber") == "2" else None
    done = sync(server, "--part-size", "5M", tmp_path / "large", "s3://bucket/large")
    assert done.returncode == 77 and server.uploads == {} and server.objects["bucket"] == {}


def test_complete_that_fails_inside_a_200(server, tmp_path):
    data = random.Random(9).randbytes(12 << 20)
    (tmp_path / "large").write_bytes(data)
    server.fault = lambda a: ("embedded", "InternalError") if a.method == "POST" and "uploadId" in a.query and a.times == 1 else None
    done = sync(server, "--part-size", "5M", tmp_path / "large", "s3://bucket/large")
    assert done.returncode == 0, done.stderr
    assert server.objects["bucket"]["large"].data == data


def test_if_none_match(server, tmp_path):
    server.put("bucket", "k", b"first")
    done = sync(server, "--if-none-match", "-", "s3://bucket/k", stdin=b"second")
    assert done.returncode == 0 and b"exists" in done.stdout
    assert server.objects["bucket"]["k"].data == b"first"
    assert sync(server, "--if-none-match", "-", "s3://bucket/new", stdin=b"second").returncode == 0
    assert server.objects["bucket"]["new"].data == b"second"


@pytest.mark.parametrize("restores", [True, False], ids=["default", "ignored by the parent"])
@pytest.mark.parametrize("form", ["tar", "object", "list", "lines"])
def test_a_reader_that_has_gone_ends_the_run_quietly(server, tmp_path, form, restores):
    fill(server, 200, 20000)
    server.put("bucket", "large", bytes(8 << 20))
    server.page_size = 50
    # A listing's lines wait in a buffer: each page comes late enough for the reader to have gone by then.
    server.fault = lambda a: ("delay", 0.2) if a.method == "GET" and not a.key else None
    forms = {"tar": ["s3://bucket/in/", "-"], "object": ["s3://bucket/large", "-"], "list": ["--list", "s3://bucket/in/"],
             "lines": ["s3://bucket/in/", tmp_path / "out"]}
    child = subprocess.Popen([S3SYNC, *forms[form]], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=environment(server.endpoint), restore_signals=restores)
    if form in ("tar", "object"):
        child.stdout.read(512)
    child.stdout.close()
    assert child.wait(10) == -signal.SIGPIPE
    assert child.stderr.read() == b""
    child.stderr.close()


def test_server_side_copy_in_parts(server):
    data = random.Random(11).randbytes(12 << 20)
    server.put("bucket", "x/large", data, **{"content-type": "image/jpeg", "x-amz-meta-a": "b"})
    server.put("bucket", "x/small", b"small")
    done = sync(server, "--part-size", "5M", "s3://bucket/x/", "s3://bucket/y/")
    assert done.returncode == 0, done.stderr
    assert server.objects["bucket"]["y/large"].data == data and server.objects["bucket"]["y/small"].data == b"small"
    assert not [a for a in server.asked("GET") if a.key and "tagging" not in a.query]
    begun = next(a for a in server.asked("POST") if "uploads" in a.query)
    assert begun.headers["content-type"] == "image/jpeg" and begun.headers["x-amz-meta-a"] == "b"


def test_kill_9_at_fifty_random_moments(server, tmp_path):
    """After each kill no final name holds a partial file; after a last whole run the trees are equal."""
    contents = {f"d{i % 7}/f{i:03}": random.Random(i).randbytes(3000 if i % 40 else 9 << 20) for i in range(240)}
    for key, data in contents.items():
        server.put("bucket", "in/" + key, data)
    out = tmp_path / "out"
    dice = random.Random(50)
    arguments = [S3SYNC, "--quiet", "--part-size", "5M", "s3://bucket/in/", str(out)]
    for _ in range(50):
        child = subprocess.Popen(arguments, env=environment(server.endpoint))
        time.sleep(dice.uniform(0.01, 0.15))
        child.kill()
        child.wait()
        for name, data in tree(out).items() if out.exists() else ():
            if not name.split("/")[-1].startswith(".s3sync-"):
                assert data == contents[name], name
        if dice.random() < 0.3:
            for path in list(out.rglob("f*"))[:20] if out.exists() else ():
                path.unlink()
    assert subprocess.run(arguments, env=environment(server.endpoint), timeout=60).returncode == 0
    assert tree(out) == contents
