"""Work and memory of one image are bounded before it is decoded; what is refused is refused at once and as too large."""

import io
import json
import os
import resource
import struct
import subprocess
import tarfile
import time

import pytest
from support.jpegs import SOS, encode, find, photograph, segments
from support.tools import SHARED, run, tool

IMGDECODE = tool("imgdecode")


def repeated_scans(data, count):
    """A progressive JPEG whose last scan comes so many times more."""
    start = [start for marker, start, _ in segments(data) if marker == SOS][-1]
    return data[:-2] + data[start:-2] * count + data[-2:]


def resized(data, width, height, frame=0xC2):
    """The JPEG with another size in its header."""
    start, _ = find(data, frame)
    return data[:start + 5] + struct.pack(">HH", height, width) + data[start + 9:]


def refused(data, *flags, seconds=5):
    start = time.monotonic()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        info = tarfile.TarInfo("a.jpg")
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    done = run([IMGDECODE, *flags], stdin=archive.getvalue())
    assert done.returncode == 0 and time.monotonic() - start < seconds
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        error = json.loads(tar.extractfile(tar.next()).read())["error"]
    assert error["code"] == "too-large"
    return error["message"]


@pytest.mark.alone
@pytest.mark.parametrize("mode", [[], ["--lenient"]])
def test_scans_times_pixels(mode):
    image = encode(photograph(1, (64, 48)), progressive=True)
    scans = sum(marker == SOS for marker, _, _ in segments(image))
    limit = scans * 64 * 48
    assert run([IMGDECODE, "--max-work", limit, *mode], stdin=image).returncode == 0
    assert "--max-work" in refused(image, "--max-work", limit - 1, *mode)
    # A baseline image has one scan however long it is.
    baseline = encode(photograph(1, (64, 48)))
    assert run([IMGDECODE, "--max-work", 64 * 48, *mode], stdin=baseline).returncode == 0
    assert "--max-work" in refused(repeated_scans(resized(image, 13000, 13000), 60), "--max-memory", 1 << 40, *mode)
    assert "scans" in refused(repeated_scans(image, 600), *mode)


def test_ten_scans_of_the_most_pixels_are_not_too_much_work():
    image = encode(photograph(1, (64, 48)), progressive=True)
    assert sum(marker == SOS for marker, _, _ in segments(image)) == 10
    # It is refused for its memory, which is looked at after its work.
    assert "--max-memory" in refused(resized(image, 13377, 13377))


def test_memory():
    progressive = encode(photograph(2, (800, 600)), progressive=True)
    baseline = encode(photograph(2, (800, 600)))
    pixels = 800 * 600 * 4
    # 4:2:0: as much again half for colour, two bytes a coefficient.
    coefficients = 800 * 608 * 2 * 3 // 2
    assert "--max-memory" in refused(baseline, "--max-memory", pixels)
    assert "--max-memory" in refused(progressive, "--max-memory", pixels + coefficients)
    rest = len(progressive) + 4 * (800 * 224 + 600 * 224) + 224 * 224 * (8 + 3)
    assert run([IMGDECODE, "--max-memory", pixels + rest], stdin=baseline).returncode == 0
    assert run([IMGDECODE, "--max-memory", pixels + coefficients + rest], stdin=progressive).returncode == 0
    assert "--max-memory" in refused(baseline, "--max-memory", 3_000_000, "--size", "60000x20")
    # The default: a progressive image of 13,000 × 13,000 would take 1.7 GB.
    assert "--max-memory" in refused(resized(encode(photograph(1), progressive=True, subsampling="4:4:4"), 13000, 13000))


def peak(data, *flags):
    """The status and the peak memory, in bytes, of decoding one image."""
    process = subprocess.Popen([IMGDECODE, *map(str, flags)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    process.stdin.write(data)
    process.stdin.close()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    return os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024


def test_the_limit_holds_what_is_used():
    """Decoding takes no more than the limit that is just enough, but for the program itself and rows in hand."""
    image = encode(photograph(3, (3000, 2000)), progressive=True)
    limit = 3000 * 2000 * 4 + 3008 * 2000 * 3 + len(image) + 4 * (3000 * 224 + 2000 * 224) + 224 * 224 * 11
    while (result := peak(image, "--max-memory", limit))[0] == 65:
        limit += 100_000
    assert result[0] == 0 and limit < 50_000_000
    _, idle = peak(encode(photograph(3, (8, 8))))
    assert result[1] - idle < limit + 10_000_000


def test_no_memory_is_the_machines_failure_not_the_images():
    image = encode(photograph(4, (3000, 2500)), progressive=True)
    for megabytes in [40, 60, 80]:
        def limited(bytes_=megabytes << 20):
            resource.setrlimit(resource.RLIMIT_DATA, (bytes_, bytes_))
        done = subprocess.run([IMGDECODE], input=image, capture_output=True, preexec_fn=limited)
        assert done.returncode in (0, 74), (megabytes, done)
        assert b"corrupt" not in done.stderr
    assert done.returncode == 0 or b"allocate" in done.stderr


@pytest.mark.alone
def test_a_large_file_is_refused_by_its_size(tmp_path):
    with open(tmp_path / "large.jpg", "wb") as file:
        file.write(b"\xff\xd8\xff")
        file.truncate(100 << 30)
    start = time.monotonic()
    done = run([IMGDECODE, tmp_path / "large.jpg"])
    assert time.monotonic() - start < 1 and b"--max-bytes" in done.stderr


@pytest.mark.alone
@pytest.mark.skipif(SHARED is None, reason="../shared is absent")
@pytest.mark.parametrize("mode", [[], ["--lenient"]])
def test_the_slow_file(mode):
    assert "496 scans" in refused((SHARED / "cases" / "imgdecode" / "slow-496scans.jpg").read_bytes(), *mode)
