"""A pipe held open by a caller that waits for each answer: nothing may hold a finished item back."""

import io
import os
import random
import signal
import subprocess
import tarfile
import time

import numpy
import pytest

from support.images import jpeg
from support.tools import MODEL, run, tool

END = bytes(1024)


def member(name, body):
    """One tar member: header, body and padding, without the end of the archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo(name)
        info.size = len(body)
        archive.addfile(info, io.BytesIO(body))
        return out.getvalue()


def pipeline(*commands):
    """The commands joined by pipes; the first one's stdin and the last one's stdout are ours, unbuffered."""
    processes = []
    for command in commands:
        source = processes[-1].stdout if processes else subprocess.PIPE
        processes.append(subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, bufsize=0))
        if len(processes) > 1:
            source.close()
    return processes


@pytest.mark.alone
def test_ten_thousand_answers_one_at_a_time():
    """Each member is sent without its padding's end being needed, and answered before the next is sent."""
    first, last = pipeline(
        [tool("imgdecode"), "--threads", "2"],
        [tool("classify"), "--model", MODEL, "--batch", "8", "--threads", "2"])
    body = jpeg(1, (8, 8))
    answers = last.stdout
    slowest = 0.0
    for index in range(10_000):
        whole = member(f"{index}.jpg", body)
        # Up to the body's last byte: padding and the next header come later.
        needed = 512 + len(body)
        started = time.monotonic()
        first.stdin.write(whole[:needed])
        line = answers.readline()
        slowest = max(slowest, time.monotonic() - started)
        assert line.startswith(b'{"image":"%d.jpg",' % index), line
        first.stdin.write(whole[needed:])
    first.stdin.write(END)
    first.stdin.close()
    assert (first.wait(10), last.wait(10)) == (0, 0)
    assert answers.read() == b""
    # An item that is held back would wait without limit; a second allows for a busy machine.
    assert slowest < 1.0


def test_members_split_at_every_byte():
    """Two members in two writes, the cut at every place; the first answer never waits for more than its own bytes."""
    body = jpeg(2, (8, 8))
    whole = member("a.jpg", body) + member("b.jpg", body)
    process, = pipeline([tool("imgdecode"), "--no-resize"])
    size = len(run([tool("imgdecode"), "--no-resize"], stdin=body).stdout)
    padded = 512 + (size + 511) // 512 * 512
    output = b""
    for cut in range(1, len(whole)):
        process.stdin.write(whole[:cut])
        process.stdin.write(whole[cut:])
        for _ in range(2):
            output = b""
            while len(output) < 512 + size:
                output += process.stdout.read(padded - len(output))
            while len(output) < padded:
                output += process.stdout.read(padded - len(output))
    process.stdin.write(END)
    process.stdin.close()
    assert process.stdout.read() == END
    assert process.wait(10) == 0


@pytest.mark.parametrize("command", [["imgdecode"], ["classify", "--model", MODEL]], ids=["imgdecode", "classify"])
def test_a_dead_reader_ends_an_idle_tool(command):
    """A tool that waits for input notices that its reader has gone, and ends as by SIGPIPE."""
    process, = pipeline([tool(command[0]), *command[1:]])
    process.stdin.write(member("a.jpg", jpeg(3, (8, 8)))[:700])
    time.sleep(0.3)
    assert process.poll() is None
    process.stdout.close()
    assert process.wait(5) == -signal.SIGPIPE


def test_sigterm_ends_without_an_end_of_archive():
    process, = pipeline([tool("imgdecode")])
    process.stdin.write(member("a.jpg", jpeg(4, (8, 8))))
    started = process.stdout.read(512)
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == -signal.SIGTERM
    assert started.startswith(b"a.jpg.npy")
    assert not process.stdout.read().endswith(END)


def test_a_pipe_in_random_pieces_gives_the_same_bytes():
    """The same archive however its bytes are grouped into writes."""
    bodies = [jpeg(seed, (64, 48)) for seed in range(8)]
    archive = b"".join(member(f"{i}.jpg", body) for i, body in enumerate(bodies)) + END
    expected = run([tool("imgdecode")], stdin=archive).stdout
    generator = random.Random(7)
    for _ in range(5):
        read_end, write_end = os.pipe()
        process = subprocess.Popen([tool("imgdecode")], stdin=read_end, stdout=subprocess.PIPE)
        os.close(read_end)
        rest = archive
        while rest:
            count = generator.choice([1, 7, 511, 512, 513, 4096])
            os.write(write_end, rest[:count])
            rest = rest[count:]
        os.close(write_end)
        assert process.communicate(timeout=20)[0] == expected
        assert process.returncode == 0


def test_numpy_reads_a_single_tensor_from_the_pipe():
    output = run([tool("imgdecode"), "--resize", "32", "--crop", "32"], stdin=jpeg(5)).stdout
    array = numpy.load(io.BytesIO(output))
    assert (array.shape, array.dtype) == ((32, 32, 3), numpy.uint8)
