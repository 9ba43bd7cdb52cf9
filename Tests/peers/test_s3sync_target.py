"""What a download does to the target: links are not followed, devices not replaced, temporary files are private."""

import json
import os
import pathlib
import random
import signal
import stat
import subprocess
import threading
import time

import pytest

from support.s3_peers import environment, tree
from support.s3sync_run import S3SYNC, server, sync  # noqa: F401


def leftovers(folder):
    return sorted(p.name for p in folder.rglob(".s3sync-*"))


# MARK: Names


# Texts that Swift takes for the same, or whose slash and mark it takes for one character.
MARKS = ["caf\u00e9", "cafe\u0301", "\u0301x", "x", "\u200dx", "\ufe0fx", "\u1100\u1161", "\uac00"]


def names(seed):
    rng = random.Random(seed)
    chosen = {"/".join([*rng.choices(MARKS, k=rng.randint(0, 3)), f"{rng.choice(MARKS)}{rng.randint(0, 3)}.jpg"]) for _ in range(40)}
    # None is a folder of another.
    return {name: f"{seed} {name}".encode() for name in chosen}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("jobs", ["1", "8"])
def test_names_are_bytes(server, tmp_path, seed, jobs):
    wanted, extra = names(seed), names(seed + 100)
    for name, data in wanted.items():
        server.put("bucket", f"in/{name}", data)
    for name, data in extra.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    done = sync(server, "--jobs", jobs, "s3://bucket/in/", tmp_path)
    assert done.returncode == 0 and tree(tmp_path) == extra | wanted, done.stderr
    done = sync(server, "--jobs", jobs, "--delete", "s3://bucket/in/", tmp_path)
    assert done.returncode == 0 and tree(tmp_path) == wanted, done.stderr
    assert sync(server, "s3://bucket/in/", tmp_path).stdout == b"", "all of it is current"
    single = next(iter(wanted))
    assert sync(server, f"s3://bucket/in/{single}", str(tmp_path) + "/").returncode == 0
    assert (tmp_path / single.rsplit("/", 1)[-1]).read_bytes() == wanted[single]


def test_a_mark_after_a_slash_hides_no_link(server, tmp_path):
    outside, target = tmp_path / "outside", tmp_path / "dst"
    outside.mkdir()
    target.mkdir()
    (target / "a").symlink_to(outside)
    server.put("bucket", "in/a/\u0301b/c", b"evil")
    done = sync(server, "s3://bucket/in/", target)
    assert done.returncode == 65 and b"symbolic link" in done.stderr and tree(outside) == {}


# MARK: Links


@pytest.mark.parametrize("deletes", [[], ["--delete"]], ids=["", "delete"])
def test_a_linked_folder_in_the_target_is_not_entered(server, tmp_path, deletes):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "only").write_bytes(b"mine")
    target = tmp_path / "dst"
    target.mkdir()
    (target / "link").symlink_to("../precious")
    (target / "deep").mkdir()
    (target / "deep" / "link").symlink_to("../../precious")
    server.put("bucket", "in/link/x", b"evil")
    server.put("bucket", "in/deep/link/y/z", b"evil")
    server.put("bucket", "in/good", b"good")
    done = sync(server, *deletes, "s3://bucket/in/", target)
    assert done.returncode == 65 and done.stderr.count(b"symbolic link") == 2, done.stderr
    assert tree(precious) == {"only": b"mine"}
    assert (target / "good").read_bytes() == b"good" and (target / "link").is_symlink()


def test_delete_does_not_leave_the_target(server, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "only").write_bytes(b"mine")
    target = tmp_path / "dst"
    (target / "sub").mkdir(parents=True)
    (target / "link").symlink_to("../precious")
    (target / "file-link").symlink_to("../precious/only")
    (target / "sub" / "old").write_bytes(b"old")
    server.put("bucket", "in/good", b"good")
    assert sync(server, "--delete", "s3://bucket/in/", target).returncode == 0
    assert tree(precious) == {"only": b"mine"}
    assert not (target / "sub").exists() and (target / "good").exists() and (target / "link").is_symlink()


def test_a_link_under_a_files_name_is_replaced_and_not_written_through(server, tmp_path):
    (tmp_path / "victim").write_bytes(b"mine")
    (tmp_path / "dst").mkdir()
    (tmp_path / "dst" / "f").symlink_to("../victim")
    server.put("bucket", "in/f", b"new!")
    for arguments in (["s3://bucket/in/", tmp_path / "dst"], ["s3://bucket/in/f", tmp_path / "dst" / "f"]):
        assert sync(server, *arguments).returncode == 0
        assert (tmp_path / "victim").read_bytes() == b"mine"
        assert not (tmp_path / "dst" / "f").is_symlink() and (tmp_path / "dst" / "f").read_bytes() == b"new!"


@pytest.mark.parametrize("size", [10, 3 << 20])
def test_a_folder_that_becomes_a_link_during_the_run(server, tmp_path, size):
    (tmp_path / "precious").mkdir()
    target = tmp_path / "dst"
    (target / "sub").mkdir(parents=True)
    server.put("bucket", "in/sub/f", bytes(size))

    def swap(asked):
        if asked.method == "GET" and asked.key and not (target / "sub").is_symlink():
            (target / "sub").rename(tmp_path / "moved")
            (target / "sub").symlink_to("../precious")

    server.fault = swap
    sync(server, "s3://bucket/in/", target)
    assert tree(tmp_path / "precious") == {}


def test_the_named_target_itself_may_be_a_link(server, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "dst").symlink_to("real")
    server.put("bucket", "in/a/f", b"x")
    assert sync(server, "s3://bucket/in/", tmp_path / "dst").returncode == 0
    assert tree(tmp_path / "real") == {"a/f": b"x"}


# MARK: FIFOs and devices


def read_in_background(path):
    result = {}
    thread = threading.Thread(target=lambda: result.update(data=open(path, "rb").read()))
    thread.start()
    return thread, result


@pytest.mark.parametrize("size", [0, 6, 20 << 20])
def test_a_fifo_is_written_into(server, tmp_path, size):
    data = random.Random(size).randbytes(size)
    server.put("bucket", "f", data)
    os.mkfifo(tmp_path / "p")
    thread, result = read_in_background(tmp_path / "p")
    done = sync(server, "s3://bucket/f", tmp_path / "p")
    thread.join(10)
    assert done.returncode == 0 and result["data"] == data, done.stderr
    assert stat.S_ISFIFO(os.stat(tmp_path / "p").st_mode)


def test_a_tar_goes_into_a_fifo(server, tmp_path):
    server.put("bucket", "in/f", b"x")
    os.mkfifo(tmp_path / "p")
    thread, result = read_in_background(tmp_path / "p")
    assert sync(server, "s3://bucket/in/", tmp_path / "p").returncode == 0
    thread.join(10)
    assert result["data"] == sync(server, "s3://bucket/in/", "-").stdout


def test_waiting_for_a_fifos_reader_ends_by_a_signal(server, tmp_path):
    server.put("bucket", "f", b"x")
    os.mkfifo(tmp_path / "p")
    child = subprocess.Popen([S3SYNC, "s3://bucket/f", tmp_path / "p"], env=environment(server.endpoint))
    time.sleep(0.4)
    child.send_signal(signal.SIGTERM)
    assert child.wait(5) == -signal.SIGTERM


def test_process_substitution_and_dev_stdin(server, tmp_path):
    server.put("bucket", "f", b"hello")
    env = environment(server.endpoint)
    script = f"""
        {S3SYNC} s3://bucket/f >(cat > {tmp_path}/out); wait; sleep .2; cat {tmp_path}/out
        {S3SYNC} --quiet <(printf one) s3://bucket/one && printf two | {S3SYNC} --quiet /dev/stdin s3://bucket/two
        printf three > {tmp_path}/file; {S3SYNC} --quiet /dev/stdin s3://bucket/three < {tmp_path}/file
        {S3SYNC} s3://bucket/f /dev/stdout > {tmp_path}/redirected; cat {tmp_path}/redirected
    """
    done = subprocess.run(["bash", "-ec", script], env=env, capture_output=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert done.stdout.replace(f"download: s3://bucket/f to {tmp_path}".encode(), b"") == b"hellohello"
    assert {k: server.objects["bucket"][k].data for k in ("one", "two", "three")} == {
        "one": b"one", "two": b"two", "three": b"three"}


USER_NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]
has_namespaces = subprocess.run([*USER_NAMESPACE, "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="no devices here")
def test_a_character_device_is_written_into(server, tmp_path):
    server.put("bucket", "f", b"x" * 3_000_000)
    before = os.stat("/dev/null")
    done = sync(server, "s3://bucket/f", "/dev/null")
    after = os.stat("/dev/null")
    assert done.returncode == 0 and stat.S_ISCHR(after.st_mode) and after.st_ino == before.st_ino
    assert sync(server, "s3://bucket/f", "/dev/full").returncode == 74


@pytest.mark.skipif(not has_namespaces, reason="no user namespaces here")
def test_a_device_in_a_target_folder_is_not_replaced(server, tmp_path):
    (tmp_path / "n").touch()
    server.put("bucket", "in/n", b"x")
    script = 'mount --bind /dev/zero "$1/n" && "$0" s3://bucket/in/ "$1"; status=$?; test -c "$1/n" || exit 1; exit $status'
    done = subprocess.run([*USER_NAMESPACE, "sh", "-c", script, S3SYNC, tmp_path], env=environment(server.endpoint),
                          capture_output=True, timeout=30)
    assert done.returncode == 74 and b"never replaced" in done.stderr, done.stderr


def test_a_mirror_replaces_no_fifo_and_no_socket(server, tmp_path):
    os.mkfifo(tmp_path / "p")
    server.put("bucket", "in/p", b"x")
    server.put("bucket", "in/q", b"y")
    done = sync(server, "--delete", "s3://bucket/in/", tmp_path)
    assert done.returncode == 74 and b"never replaced" in done.stderr
    assert stat.S_ISFIFO(os.stat(tmp_path / "p").st_mode) and (tmp_path / "q").read_bytes() == b"y"


# MARK: Temporary files


def partial(server, tmp_path, size=40 << 20, ranges=1):
    """A download that was killed when some of its ranges had arrived."""
    data = random.Random(size).randbytes(size)
    server.put("bucket", "large", data)
    server.fault = lambda a: ("stall", 20) if a.method == "GET" and not a.headers["range"].startswith("bytes=0-") else None
    child = subprocess.Popen([S3SYNC, "s3://bucket/large", tmp_path / "large"], env=environment(server.endpoint))
    deadline = time.monotonic() + 20
    while not any(p.read_bytes().count(b"\n") == 1 + ranges for p in tmp_path.glob(".s3sync-*.record")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    child.kill()
    child.wait()
    server.fault = lambda a: None
    server.requests.clear()
    return data


def ranges(server):
    return {a.headers["range"] for a in server.asked("GET", "large") if "range" in a.headers}


def test_a_killed_download_is_resumed(server, tmp_path):
    data = partial(server, tmp_path)
    assert len(leftovers(tmp_path)) == 2
    done = sync(server, "--json", "s3://bucket/large", tmp_path / "large")
    assert done.returncode == 0 and (tmp_path / "large").read_bytes() == data
    assert not any(r.startswith("bytes=0-") for r in ranges(server)), "the first range had arrived"
    assert leftovers(tmp_path) == [] and json.loads(done.stdout)["verified"] is True


@pytest.mark.parametrize("form", ["one object", "folder"])
@pytest.mark.parametrize("damage", ["bytes", "record", "another object", "another inode"])
def test_a_damaged_leftover_is_not_trusted(server, tmp_path, damage, form):
    data = partial(server, tmp_path)
    part, = tmp_path.glob(".s3sync-*.part")
    record, = tmp_path.glob(".s3sync-*.record")
    if damage == "bytes":
        with open(part, "r+b") as file:
            file.seek(1000)
            file.write(b"XX")
    elif damage == "record":
        record.write_bytes(record.read_bytes()[:40])
    elif damage == "another object":
        data = data[::-1]
        server.put("bucket", "large", data)
    else:
        part.rename(tmp_path / "kept")
        part.write_bytes((tmp_path / "kept").read_bytes())
        (tmp_path / "kept").unlink()
    source = {"one object": ["s3://bucket/large", tmp_path / "large"], "folder": ["s3://bucket/", tmp_path]}[form]
    assert sync(server, *source).returncode == 0
    assert (tmp_path / "large").read_bytes() == data and leftovers(tmp_path) == []
    assert any(r.startswith("bytes=0-") for r in ranges(server)), "all of it was fetched"


def test_a_failed_download_is_resumed_and_a_stale_one_is_removed(server, tmp_path):
    data = random.Random(5).randbytes(40 << 20)
    server.put("bucket", "in/large", data)
    server.fault = lambda a: ("status", 503, "SlowDown") if a.method == "GET" and "-41943039" in a.headers.get("range", "") else None
    done = sync(server, "s3://bucket/in/", tmp_path, AWS_MAX_ATTEMPTS="2")
    assert done.returncode == 75 and len(leftovers(tmp_path)) == 2, done.stderr
    server.fault = lambda a: None
    server.requests.clear()
    assert sync(server, "s3://bucket/in/", tmp_path).returncode == 0
    assert tree(tmp_path) == {"large": data} and len(ranges(server)) == 1
    # Of an object that is gone.
    (tmp_path / ("." + "s3sync-0123456789abcdef-0123456789abcdef.part")).write_bytes(b"old")
    (tmp_path / ("." + "s3sync-0123456789abcdef-fedcba9876543210.record")).write_bytes(b"old")
    assert sync(server, "s3://bucket/in/", tmp_path).returncode == 0
    assert tree(tmp_path) == {"large": data}


def test_a_download_that_fails_early_keeps_what_an_earlier_one_has_left(server, tmp_path):
    data = partial(server, tmp_path)
    left = leftovers(tmp_path)
    heads = []

    def fault(a):
        if a.method == "HEAD":
            heads.append(a)
            return ("status", 503, "SlowDown") if len(heads) == 2 else None

    server.fault = fault
    assert sync(server, "s3://bucket/large", tmp_path / "large", AWS_MAX_ATTEMPTS="1").returncode == 75
    assert leftovers(tmp_path) == left and len(heads) == 2
    server.fault = lambda a: None
    server.requests.clear()
    assert sync(server, "s3://bucket/large", tmp_path / "large").returncode == 0
    assert (tmp_path / "large").read_bytes() == data and not any(r.startswith("bytes=0-") for r in ranges(server))


def test_leftovers_are_neither_uploaded_nor_downloaded(server, tmp_path):
    name = ".s3sync-0123456789abcdef-0123456789abcdef.part"
    (tmp_path / name).write_bytes(b"old")
    (tmp_path / "f").write_bytes(b"x")
    assert sync(server, tmp_path, "s3://bucket/up/").returncode == 0
    assert set(server.objects["bucket"]) == {"up/f"}
    server.put("bucket", "in/" + name, b"evil")
    assert sync(server, "s3://bucket/in/", tmp_path / "out").returncode == 65


def test_two_runs_do_not_disturb_each_other(server, tmp_path):
    """A second run must not touch what the first is writing, nor what it has published."""
    data = random.Random(6).randbytes(40 << 20)
    server.put("bucket", "in/large", data)
    server.fault = lambda a: ("delay", 0.3) if a.method == "GET" and a.key else None
    arguments = [S3SYNC, "--quiet", "s3://bucket/in/", tmp_path / "out"]
    children = []
    for _ in range(3):
        children.append(subprocess.Popen(arguments, env=environment(server.endpoint)))
        time.sleep(0.25)
    deadline = time.monotonic() + 30
    while any(child.poll() is None for child in children):
        assert time.monotonic() < deadline
        if (tmp_path / "out" / "large").exists():
            assert (tmp_path / "out" / "large").read_bytes() == data
        time.sleep(0.02)
    assert [child.returncode for child in children] == [0, 0, 0]
    assert tree(tmp_path / "out") == {"large": data}


def test_the_umask_decides_the_permissions(server, tmp_path):
    server.put("bucket", "small", b"x")
    server.put("bucket", "large", bytes(3 << 20))
    for name in ("small", "large"):
        subprocess.run(["sh", "-c", f'umask 027; exec "$0" --quiet s3://bucket/{name} {tmp_path}/{name}', S3SYNC], check=True,
                       env=environment(server.endpoint))
        assert stat.S_IMODE(os.stat(tmp_path / name).st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() != 0 and not has_namespaces, reason="no second user and no user namespaces here")
def test_another_users_leftover_is_not_adopted(server, tmp_path):
    partial(server, tmp_path)
    part, = tmp_path.glob(".s3sync-*.part")
    command, theirs = [S3SYNC, "s3://bucket/large", tmp_path / "large"], part
    if os.geteuid() == 0:
        os.chown(part, 65534, 65534)
        os.chmod(part, 0o666)
        os.chmod(tmp_path, 0o777)
    else:
        # In the namespace we are root, and a file of the real root is another user's.
        theirs = pathlib.Path("/etc/passwd")
        command = [*USER_NAMESPACE, "sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', theirs, part, *command]
    before = theirs.read_bytes()
    assert subprocess.run(command, env=environment(server.endpoint), timeout=60).returncode == 0
    status = os.stat(tmp_path / "large")
    assert status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) == 0o644
    assert any(r.startswith("bytes=0-") for r in ranges(server))
    assert part.exists() and theirs.read_bytes() == before, "it is not ours to remove or to write either"


def test_a_hard_link_to_a_victim_is_not_written_to(server, tmp_path):
    partial(server, tmp_path)
    part, = tmp_path.glob(".s3sync-*.part")
    victim = tmp_path / "victim"
    os.link(part, victim)
    before = victim.read_bytes()
    assert sync(server, "s3://bucket/large", tmp_path / "large").returncode == 0
    assert victim.read_bytes() == before


STRACE = ["strace", "-f", "-qq", "-o", "/dev/null"]
has_strace = subprocess.run(["sh", "-c", "command -v strace"], capture_output=True).returncode == 0


@pytest.mark.skipif(not has_strace, reason="strace is not installed")
@pytest.mark.parametrize("call,error", [("flock", "ENOSYS"), ("flock", "ENOLCK"), ("utimensat", "EPERM"), ("fsetxattr", "EOPNOTSUPP"),
                                        ("fallocate", "EOPNOTSUPP")])
def test_file_systems_that_lack_a_call(server, tmp_path, call, error):
    data = random.Random(1).randbytes(3 << 20)
    server.put("bucket", "in/large", data)
    server.put("bucket", "in/small", b"x", **{"x-amz-meta-mtime": "1700000000"})
    done = subprocess.run([*STRACE, "-e", f"trace={call}", "-e", f"inject={call}:error={error}", S3SYNC, "s3://bucket/in/", tmp_path],
                          capture_output=True, env=environment(server.endpoint), timeout=60)
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path) == {"large": data, "small": b"x"}
    assert done.stderr.count(b"warning") == (1 if call in ("flock", "utimensat") else 0)
