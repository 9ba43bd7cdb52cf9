"""Habits people have from other tools: terminals, -, names that begin with a dash, missing files, long command lines."""

import io
import os
import pty
import select
import subprocess
import tarfile
import time

import pytest
from support.images import jpeg
from support.tools import run, tool

IMGDECODE = tool("imgdecode")


def names(archive):
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return tar.getnames()


def on_terminal(arguments, stdin=None, stdout=None, **options):
    """Runs with a terminal in the place of what is None; returns (status, what the terminal showed, standard output)."""
    leader, follower = pty.openpty()
    pick = lambda given: follower if given is None else given
    process = subprocess.Popen(arguments, stdin=pick(stdin), stdout=pick(stdout), stderr=follower, **options)
    os.close(follower)
    shown, out, deadline = b"", b"", time.monotonic() + 20
    while time.monotonic() < deadline:
        streams = [leader] + ([process.stdout] if process.stdout else [])
        for stream in select.select(streams, [], [], 0.2)[0]:
            try:
                if stream is leader:
                    shown += os.read(leader, 4096)
                else:
                    out += os.read(process.stdout.fileno(), 1 << 16)
            except OSError:
                pass
        if process.poll() is not None and not select.select([leader], [], [], 0)[0]:
            break
        if process.poll() is not None:
            try:
                shown += os.read(leader, 1 << 16)
            except OSError:
                break
    os.close(leader)
    if process.stdout:
        out += process.stdout.read()
    return process.wait(), shown, out


def test_no_binary_on_a_terminal(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg())
    with open(tmp_path / "a.jpg", "rb") as file:
        status, shown, _ = on_terminal([IMGDECODE], stdin=file)
    assert status == 64 and shown.count(b"\n") == 1 and b"terminal" in shown
    status, shown, _ = on_terminal([IMGDECODE, tmp_path / "a.jpg"])
    assert status == 64 and shown.count(b"\n") == 1 and b"NUMPY" not in shown


def test_bare_on_a_terminal_is_the_usage():
    status, shown, _ = on_terminal([IMGDECODE])
    assert status == 64 and b"Usage: imgdecode" in shown
    status, shown, out = on_terminal([IMGDECODE], stdout=subprocess.PIPE)
    assert status == 64 and b"Usage: imgdecode" in shown and out == b""


def test_progress_and_summary_on_a_terminal(tmp_path):
    for index in range(5):
        (tmp_path / f"{index}.jpg").write_bytes(jpeg(index) if index else b"no")
    files = sorted(tmp_path.iterdir())
    status, shown, out = on_terminal([IMGDECODE, *files], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    assert status == 0 and len(names(out)) == 5
    assert b"text, not a JPEG" in shown and b"imgdecode: 5 images, 1 failed, " in shown.splitlines()[-1]
    assert run([IMGDECODE, *files[1:]]).stderr == b""


def test_dash_is_standard_input(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg(1))
    assert run([IMGDECODE, "-"], stdin=jpeg(2)).stdout == run([IMGDECODE], stdin=jpeg(2)).stdout
    archive = run(["tar", "c", "a.jpg"], cwd=tmp_path).stdout
    assert run([IMGDECODE, "-"], stdin=archive).stdout == run([IMGDECODE], stdin=archive).stdout
    done = run([IMGDECODE, "a.jpg", "-", "--strict"], stdin=jpeg(2), cwd=tmp_path)
    assert (done.returncode, names(done.stdout)) == (0, ["a.jpg.npy", "-.npy"])


def test_names_that_begin_with_a_dash(tmp_path):
    for name in ["a.jpg", "-holiday.jpg", "-0.jpg"]:
        (tmp_path / name).write_bytes(jpeg())
    for arguments in [["a.jpg", "-holiday.jpg"], ["-holiday.jpg"], ["-0.jpg"], ["-x"], ["a.jpg", "--holiday.jpg"]]:
        done = run([IMGDECODE, *arguments], cwd=tmp_path)
        assert (done.returncode, done.stdout) == (64, b""), arguments
        assert arguments[-1].encode() in done.stderr
    done = run([IMGDECODE, "--", "-holiday.jpg", "-0.jpg"], cwd=tmp_path)
    assert (done.returncode, names(done.stdout)) == (0, ["-holiday.jpg.npy", "-0.jpg.npy"])
    assert run([IMGDECODE, "./-holiday.jpg"], cwd=tmp_path).returncode == 0
    for help_ in ["-h", "--help"]:
        assert b"USAGE: imgdecode" in run([IMGDECODE, help_]).stdout


def test_flags_may_stand_anywhere(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg())
    expected = run([IMGDECODE, "--resize", "50", "--crop=40", "a.jpg"], cwd=tmp_path).stdout
    assert run([IMGDECODE, "a.jpg", "--resize", "50", "--crop", "40"], cwd=tmp_path).stdout == expected
    assert run([IMGDECODE, "--crop", "40", "a.jpg", "--resize=50"], cwd=tmp_path).stdout == expected
    assert run([IMGDECODE, "a.jpg", "--resize"], cwd=tmp_path).returncode == 64


def test_names_need_not_be_text(tmp_path):
    name = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    with open(name, "wb") as file:
        file.write(jpeg())
    done = subprocess.run([IMGDECODE, name], capture_output=True)
    assert done.returncode == 0 and done.stderr == b""


@pytest.mark.alone
def test_a_hundred_thousand_arguments(tmp_path):
    (tmp_path / "a").write_bytes(b"")
    start = time.monotonic()
    done = run([IMGDECODE, "--threads", "2", *["a"] * 100_000, "--nonsense"], cwd=tmp_path)
    assert done.returncode == 64 and time.monotonic() - start < 1.5
    done = run([IMGDECODE, *["a"] * 100_000], cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.count(b'"code":"empty"') == 100_000


@pytest.mark.parametrize("flags", [[], ["--strict"], ["--threads", "2"]])
def test_an_argument_that_cannot_be_read_sets_the_status(tmp_path, flags):
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "folder").mkdir()
    done = run([IMGDECODE, *flags, "missing.jpg", "a.jpg", "folder", "a.jpg"], cwd=tmp_path)
    assert done.returncode == 74
    assert names(done.stdout) == ["missing.jpg.error.json", "a.jpg.npy", "folder.error.json", "a.jpg.npy"]
    assert done.stderr.decode().splitlines() == [
        "imgdecode: missing.jpg: No such file or directory", "imgdecode: folder: a directory, not a JPEG file"]
    assert run([IMGDECODE, *flags, "folder", "a.jpg"], cwd=tmp_path).returncode == 65
    # What a list names is an item of a stream.
    done = run([IMGDECODE, "--files-from", "-"], stdin=b"missing.jpg\na.jpg\nfolder\n", cwd=tmp_path)
    assert done.returncode == 0 and len(names(done.stdout)) == 3


def test_lists_with_windows_line_ends(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "b.jpg\r").write_bytes(jpeg())
    done = run([IMGDECODE, "--files-from", "-"], stdin=b"a.jpg\r\n\r\na.jpg", cwd=tmp_path)
    assert (done.stderr, names(done.stdout)) == (b"", ["a.jpg.npy", "a.jpg.npy"])
    done = run([IMGDECODE, "-0", "--files-from", "-"], stdin=b"b.jpg\r\0a.jpg\0", cwd=tmp_path)
    assert (done.stderr, len(names(done.stdout))) == (b"", 2)
