"""Bad input: always an answer or a typed error, the right status, never a trap, never a hang, nothing lost before it."""

import io
import json
import os
import random
import subprocess
import tarfile

import pytest
from support.images import jpeg
from support.tools import SHARED, run, tool

IMGDECODE = tool("imgdecode")
CODES = {"empty", "not-jpeg", "truncated", "corrupt", "unsupported", "too-large"}


def fixtures():
    made = {"made.jpg": jpeg(), "gray-progressive.jpg": gray_progressive()}
    if SHARED is not None:
        made |= {file.name: file.read_bytes() for file in sorted((SHARED / "jpeg").iterdir())}
    return made


def gray_progressive():
    from PIL import Image
    out = io.BytesIO()
    Image.open(io.BytesIO(jpeg(1))).convert("L").save(out, "JPEG", progressive=True)
    return out.getvalue()


def tar_of(bodies):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for index, body in enumerate(bodies):
            info = tarfile.TarInfo(str(index))
            info.size = len(body)
            tar.addfile(info, io.BytesIO(body))
    return archive.getvalue()


def check(bodies, *flags):
    """All bodies through one process: as many answers, in order, each an array or a record; returns the codes."""
    done = run([IMGDECODE, "--max-pixels", "8000000", "--crop", "8", "--resize", "8", *flags], stdin=tar_of(bodies), timeout=120)
    assert done.returncode == 0, done.stderr[-500:]
    codes = []
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        for index, member in enumerate(tar):
            body = tar.extractfile(member).read()
            if member.name == f"{index}.npy":
                codes.append(None)
            else:
                assert member.name == f"{index}.error.json"
                error = json.loads(body)["error"]
                assert error["code"] in CODES and error["tool"] == "imgdecode" and error["message"]
                codes.append(error["code"])
    assert len(codes) == len(bodies)
    return codes


@pytest.mark.parametrize("name,bytes_", fixtures().items(), ids=lambda value: value if isinstance(value, str) else "")
def test_cut_and_flipped(name, bytes_):
    dice = random.Random(name)
    small = len(bytes_) < 100_000
    lengths = list(range(min(len(bytes_), 4096)))
    if len(bytes_) > 4096:
        lengths += sorted(dice.sample(range(4096, len(bytes_)), min(200 if small else 30, len(bytes_) - 4096)))
    codes = check([bytes_[:length] for length in lengths])
    # Without its scans no image is whole. The header ends somewhere before the first answer.
    assert all(codes[:64])
    flipped = []
    for _ in range(300 if small else 30):
        body = bytearray(bytes_ or b"\0")
        for _ in range(dice.choice([1, 1, 2, 8])):
            # Half of them in the header, where a bit means most.
            where = dice.randrange(min(len(body), 700)) if dice.random() < 0.5 else dice.randrange(len(body))
            body[where] ^= 1 << dice.randrange(8)
        flipped.append(bytes(body))
    check(flipped)
    check(flipped[:100], "--lenient", "--fast", "--threads", "2")


@pytest.mark.parametrize("name,bytes_", fixtures().items(), ids=lambda value: value if isinstance(value, str) else "")
def test_each_alone(name, bytes_):
    done = run([IMGDECODE], stdin=bytes_)
    if done.returncode == 0:
        assert len(done.stdout) == 128 + 224 * 224 * 3 and done.stderr == b""
    else:
        assert (done.returncode, done.stdout) == (65, b"")
        assert done.stderr.startswith(b"imgdecode: ") and done.stderr.count(b"\n") == 1


@pytest.mark.parametrize("bytes_", [b"", b"\0", b"x", b"\xff", b"\xff\xd8", b"\xff\xd8\xff", b"hello\n" * 100, bytes(511)])
def test_hardly_any_bytes(bytes_):
    done = run([IMGDECODE], stdin=bytes_)
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (65, b"", 1)


def test_a_cut_tar_loses_nothing_before_the_cut():
    image = jpeg()
    archive = tar_of([image, image, image])
    member = 512 + (len(image) + 511) // 512 * 512
    for cut in [1, 100, 511, 513, member - 1, member + 1, member + 512 + 10, 2 * member + 512 + len(image) - 1, 3 * member, 3 * member + 512]:
        for flags in [[], ["--threads", "2"]]:
            done = run([IMGDECODE, *flags], stdin=archive[:cut])
            whole = sum(cut >= index * member + 512 + len(image) for index in range(3))
            assert done.returncode == 65, cut
            assert done.stdout.count(b"\x93NUMPY") == whole, cut


def test_a_member_that_claims_gigabytes_is_not_believed():
    header = bytearray(tar_of([b""])[:512])
    header[124:136] = b"77777777777\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    assert run([IMGDECODE], stdin=bytes(header) + b"x" * 5000).returncode == 65
    limited = run(["bash", "-c", f"ulimit -v 400000; exec {IMGDECODE} --max-bytes 4294967296"], stdin=bytes(header) + b"x" * 5000)
    assert limited.returncode == 65


def test_limits():
    image = jpeg(size=(64, 48))
    assert b"--max-pixels" in run([IMGDECODE, "--max-pixels", "3071"], stdin=image).stderr
    assert b"--max-pixels" in run([IMGDECODE, "--size", "60000x60000"], stdin=image).stderr
    done = run([IMGDECODE, "--max-bytes", len(image) - 1], stdin=image)
    assert done.returncode == 65 and b"--max-bytes" in done.stderr
    assert run([IMGDECODE, "--max-bytes", len(image), "--max-pixels", 224 * 224], stdin=image).returncode == 0


def test_a_progressive_bomb_is_refused():
    """A scan adds a few bytes of input and a pass over the whole image."""
    image = gray_progressive()
    start = image.rindex(b"\xff\xda")
    end = len(image) - 2
    bomb = image[:end] + image[start:end] * 600 + image[end:]
    done = run([IMGDECODE], stdin=bomb, timeout=20)
    assert (done.returncode, done.stdout) == (65, b"")


def test_failed_writes():
    archive = tar_of([jpeg()] * 20)
    with open("/dev/full", "wb") as full:
        done = subprocess.run([IMGDECODE], input=archive, stdout=full, stderr=subprocess.PIPE, timeout=20)
    assert (done.returncode, done.stderr) == (74, b"imgdecode: cannot write standard output: No space left on device\n")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([IMGDECODE], input=jpeg(), stdout=full, stderr=subprocess.PIPE, timeout=20)
    assert done.returncode == 74
    closed = run(["bash", "-c", f"exec {IMGDECODE} >&-"], stdin=jpeg())
    assert closed.returncode == 74 and closed.stderr
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([IMGDECODE, "--threads", "2"], input=archive, stdout=writer, stderr=subprocess.PIPE, timeout=20)
    os.close(writer)
    assert (done.returncode, done.stderr) == (-13, b"")


def test_a_closed_input_and_a_list_that_cannot_be_read():
    assert run(["bash", "-c", f"exec {IMGDECODE} <&-"]).returncode == 74
    assert run([IMGDECODE, "--files-from", "/nonexistent"]).returncode == 74
    assert run([IMGDECODE, "--files-from", "-"], stdin=b"x" * 5000).returncode == 65
