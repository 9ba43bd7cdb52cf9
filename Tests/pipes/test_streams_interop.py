"""GNU tar, bsdtar, Python's tarfile and NumPy read what the tools write, and the tools read what those write."""

import io
import os
import subprocess
import tarfile

import numpy
import pytest

from support.images import jpeg
from support.tools import run, tool

NAMES = [
    "a.jpg", "dir/b.jpg", "n" * 100, "n" * 101, "d" * 90 + "/" + "f" * 90, "x/" * 600 + "y", "größe/猫.jpg", "sp ace.jpg",
    "line\nbreak.jpg", "\x1b[2J.jpg", "quote'\".jpg", "back\\slash.jpg",
]
BYTES_NAME = b"bad\xff\xfe.jpg"
BODY = jpeg()


def folder_of(tmp_path, names):
    """The names as files below a folder, those that a file system can hold."""
    for name in names:
        path = os.path.join(os.fsencode(tmp_path), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(BODY)


def by_python(names, format):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(BODY)
            archive.addfile(info, io.BytesIO(BODY))
    return out.getvalue()


def decode(archive):
    """The archive through imgdecode; whole, with status 0 and nothing on stderr."""
    result = run([tool("imgdecode")], stdin=archive)
    assert (result.returncode, result.stderr) == (0, b"")
    return result.stdout


def python_names(archive):
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as opened:
        return [member.name for member in opened.getmembers()]


def expected_array():
    return numpy.load(io.BytesIO(run([tool("imgdecode")], stdin=BODY).stdout))


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT], ids=["pax", "gnu"])
def test_reads_and_is_read_by_tarfile(format):
    archive = decode(by_python(NAMES, format))
    assert python_names(archive) == [name + ".npy" for name in NAMES]
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as opened:
        for member in opened.getmembers():
            assert numpy.array_equal(numpy.load(io.BytesIO(opened.extractfile(member).read())), expected_array())


def test_reads_ustar():
    names = [name for name in NAMES if len(name) <= 100 and name.isascii()] + ["d" * 90 + "/" + "f" * 90]
    assert python_names(decode(by_python(names, tarfile.USTAR_FORMAT))) == [name + ".npy" for name in names]


@pytest.mark.parametrize("program", [
    ["tar", "--format=gnu"], ["tar", "--format=posix"], ["bsdtar", "--format=pax"], ["bsdtar", "--format=gnutar"],
])
def test_reads_tar_programs(tmp_path, program):
    names = [name for name in NAMES if len(name) < 200]
    folder_of(tmp_path, names)
    archive = subprocess.run(
        [*program, "-cf", "-", "-C", tmp_path, "--", *names], check=True, capture_output=True,
        env={**os.environ, "LC_ALL": "C.UTF-8"}).stdout
    assert python_names(decode(archive)) == [name + ".npy" for name in names]


@pytest.mark.parametrize("program", ["tar", "bsdtar"])
def test_is_read_by_tar_programs(tmp_path, program):
    names = [name for name in NAMES if len(name) < 200]
    archive = decode(by_python(names, tarfile.PAX_FORMAT))
    subprocess.run([program, "-xf", "-", "-C", tmp_path], input=archive, check=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    for name in names:
        assert numpy.array_equal(numpy.load(tmp_path / (name + ".npy")), expected_array())


def test_names_that_are_not_utf8_survive():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8") as archive:
        info = tarfile.TarInfo(os.fsdecode(BYTES_NAME))
        info.size = len(BODY)
        archive.addfile(info, io.BytesIO(BODY))
    names = python_names(decode(out.getvalue()))
    assert [os.fsencode(name) for name in names] == [BYTES_NAME + b".npy"]


def test_directories_are_skipped_and_links_become_records(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.jpg").write_bytes(BODY)
    (tmp_path / "d" / "link.jpg").symlink_to("a.jpg")
    archive = subprocess.run(
        ["tar", "-cf", "-", "--sort=name", "-C", tmp_path, "d"], check=True, capture_output=True).stdout
    result = run([tool("imgdecode")], stdin=archive)
    assert result.returncode == 0
    assert python_names(result.stdout) == ["d/a.jpg.npy", "d/link.jpg.error.json"]


def test_output_is_a_pure_function_of_its_input():
    archive = by_python(NAMES, tarfile.PAX_FORMAT)
    assert decode(archive) == decode(archive)
