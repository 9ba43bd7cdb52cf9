"""imgdecode in real pipes: what goes in, what comes out, in which order, with which status."""

import io
import json
import os
import subprocess
import tarfile
import time

import numpy
import pytest
from support.images import jpeg
from support.tools import run, tool

IMGDECODE = tool("imgdecode")


def tar_of(members, **options):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT, **options) as tar:
        for name, body in members:
            info = tarfile.TarInfo(name)
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return archive.getvalue()


def members(archive):
    with tarfile.open(fileobj=io.BytesIO(archive), errors="surrogateescape") as tar:
        return [(member.name, tar.extractfile(member).read()) for member in tar]


def record(body):
    return json.loads(body)


def test_one_jpeg_gives_one_array():
    done = run([IMGDECODE], stdin=jpeg())
    array = numpy.load(io.BytesIO(done.stdout))
    assert (done.returncode, array.shape, array.dtype) == (0, (224, 224, 3), numpy.uint8)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_a_tar_gives_a_tar_in_its_order(threads):
    images = [(f"photos/{index}.jpg", jpeg(index, size=(40 + 97 * (index % 5), 60))) for index in range(40)]
    done = run([IMGDECODE, "--threads", threads], stdin=tar_of(images))
    answers = members(done.stdout)
    assert done.returncode == 0
    assert [name for name, _ in answers] == [name + ".npy" for name, _ in images]
    for (_, image), (_, answer) in zip(images, answers):
        assert answer == run([IMGDECODE], stdin=image).stdout


def test_files_lists_and_tars_agree(tmp_path):
    images = {f"{index} ü.jpg": jpeg(index) for index in range(5)}
    for name, image in images.items():
        (tmp_path / name).write_bytes(image)
    expected = run([IMGDECODE], stdin=tar_of(images.items())).stdout
    lines = "\n".join(images).encode()
    (tmp_path / "list").write_bytes(lines)
    assert run([IMGDECODE, *images], cwd=tmp_path).stdout == expected
    assert run([IMGDECODE, "--files-from", "list"], cwd=tmp_path).stdout == expected
    assert run([IMGDECODE, "--files-from", "-"], stdin=lines + b"\n", cwd=tmp_path).stdout == expected
    zeros = lines.replace(b"\n", b"\0") + b"\0"
    assert run([IMGDECODE, "-0", "--files-from", "-"], stdin=zeros, cwd=tmp_path).stdout == expected
    assert members(run([IMGDECODE, "--files-from", "/dev/null"]).stdout) == []


def test_a_bad_item_is_a_record_in_its_place(tmp_path):
    bad = [("a.jpg", jpeg(1)), ("b.jpg", b"\x89PNG\r\n\x1a\n...."), ("c.jpg", b""), ("d.jpg", jpeg(2)[:300]), ("e.jpg", jpeg(3))]
    for flags in [[], ["--threads", "3"]]:
        done = run([IMGDECODE, *flags], stdin=tar_of(bad))
        answers = members(done.stdout)
        assert done.returncode == 0
        assert [name for name, _ in answers] == [
            "a.jpg.npy", "b.jpg.error.json", "c.jpg.error.json", "d.jpg.error.json", "e.jpg.npy"]
        assert record(answers[1][1]) == {
            "image": "b.jpg", "error": {"tool": "imgdecode", "code": "not-jpeg", "message": "PNG image, not a JPEG"}}
        assert [record(body)["error"]["code"] for _, body in answers[2:4]] == ["empty", "truncated"]
        assert done.stderr.decode().splitlines()[0] == "imgdecode: b.jpg: PNG image, not a JPEG"
        assert len(done.stderr.decode().splitlines()) == 3
        strict = run([IMGDECODE, "--strict", *flags], stdin=tar_of(bad))
        assert (strict.returncode, strict.stdout) == (65, done.stdout)


def test_records_pass_and_cannot_be_forged():
    line = b'{"image":"x","error":{"tool":"s3sync","code":"gone","message":"no such key"}}\n'
    forged = [("x.error.json", line), ("y.error.json", line), ("z.error.json", b"{"), ("w.error.json", b" " * 70000)]
    done = run([IMGDECODE], stdin=tar_of(forged))
    answers = members(done.stdout)
    assert answers[0] == ("x.error.json", line)
    assert [name for name, _ in answers[1:]] == [name + ".error.json" for name, _ in forged[1:]]
    assert {record(body)["error"]["code"] for _, body in answers[1:]} == {"reserved-name"}


def test_links_and_folders(tmp_path):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, kind in [("folder", tarfile.DIRTYPE), ("link", tarfile.SYMTYPE), ("fifo", tarfile.FIFOTYPE)]:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
    answers = members(run([IMGDECODE], stdin=archive.getvalue()).stdout)
    assert [name for name, _ in answers] == ["link.error.json", "fifo.error.json"]
    assert {record(body)["error"]["code"] for _, body in answers} == {"not-a-file"}


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to drop its rights")
def test_unreadable_missing_and_no_files(tmp_path):
    (tmp_path / "a.jpg").write_bytes(jpeg())
    (tmp_path / "secret.jpg").write_bytes(jpeg())
    (tmp_path / "secret.jpg").chmod(0)
    (tmp_path / "x.error.json").write_bytes(b"{}")
    names = ["secret.jpg", "missing.jpg", ".", "x.error.json", "a.jpg"]
    for parent in [tmp_path, *tmp_path.parents][:4]:
        if parent != parent.parent:
            os.chmod(parent, os.stat(parent).st_mode | 0o755)
    done = subprocess.run([IMGDECODE, *names], cwd=tmp_path, capture_output=True, timeout=20, user=65534)
    answers = members(done.stdout)
    assert done.returncode == 77 and answers[-1][0] == "a.jpg.npy"
    assert [record(body)["error"]["code"] for _, body in answers[:-1]] == [
        "unreadable", "unreadable", "not-a-file", "reserved-name"]
    assert "Permission denied" in record(answers[0][1])["error"]["message"]
    strict = subprocess.run([IMGDECODE, "--strict", *names], cwd=tmp_path, capture_output=True, timeout=20, user=65534)
    assert strict.returncode == 77


def test_names_are_only_labels():
    odd = ["x" * 5000, "line\nbreak.jpg", "\x1b[31mred.jpg", "../../etc/passwd", "/abs.jpg", b"caf\xe9.jpg".decode(errors="surrogateescape")]
    archive = tar_of([(name, jpeg()) for name in odd] + [("\x1b[2Jbad\n.jpg", b"no")], errors="surrogateescape")
    done = run([IMGDECODE], stdin=archive)
    assert done.returncode == 0
    assert [name for name, _ in members(done.stdout)] == [name + ".npy" for name in odd] + ["\x1b[2Jbad\n.jpg.error.json"]
    assert done.stderr == rb"imgdecode: \x1b[2Jbad\x0a.jpg: text, not a JPEG" + b"\n"


@pytest.mark.parametrize("threads", [1, 4])
def test_a_warm_pipe_gets_each_answer_at_once(threads):
    """The last byte of a member is enough: its padding, and the next header, have not come yet."""
    tool_ = subprocess.Popen([IMGDECODE, "--threads", str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    size = len(tar_of([("0.jpg.npy", bytes(150656))])) // 512 * 512
    blocks = (150656 + 511) // 512 * 512 + 512
    for index in range(50):
        image = jpeg(index)
        whole = tar_of([(f"{index}.jpg", image)])[:512 + (len(image) + 511) // 512 * 512]
        cut = 512 + len(image)
        for part in [whole[:100], whole[100:cut - 1], whole[cut - 1:cut]]:
            tool_.stdin.write(part)
            tool_.stdin.flush()
        answer = tool_.stdout.read(blocks)
        assert answer[:20].rstrip(b"\0").decode() == f"{index}.jpg.npy" and len(answer) == blocks < size
        tool_.stdin.write(whole[cut:])
    tool_.stdin.write(bytes(1024))
    tool_.stdin.close()
    assert tool_.stdout.read() == bytes(1024) and tool_.wait(10) == 0


def test_a_dead_reader_ends_an_idle_tool():
    tool_ = subprocess.Popen([IMGDECODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    tool_.stdin.write(tar_of([("a.jpg", jpeg())])[:512])
    tool_.stdin.flush()
    time.sleep(0.2)
    tool_.stdout.close()
    assert tool_.wait(5) == -13


def test_wrong_flags_are_64():
    for line in ["--resize 0", "--fast --no-resize", "a.jpg --files-from -", "--nonsense"]:
        done = run([IMGDECODE, *line.split()])
        assert (done.returncode, done.stdout) == (64, b"") and done.stderr
    assert run([IMGDECODE, "--version"]).returncode == 0
