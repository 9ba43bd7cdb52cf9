"""classify's streams: formats, error records, warm pipes, statuses, and input that is wrong in every way."""

import io
import json
import os
import signal
import subprocess
import tarfile
import time

import numpy as np
import pytest

from support.streams import npy, tar
from support.tools import MODEL, run, tool

CLASSIFY = [tool("classify"), "--model", str(MODEL)]
RNG = np.random.default_rng(1)
PIXELS = RNG.integers(0, 256, (224, 224, 3), dtype=np.uint8)


GOOD = npy(PIXELS)


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_tensor():
    result = run(CLASSIFY, stdin=GOOD)
    assert result.returncode == 0 and result.stderr == b""
    (line,) = lines(result)
    assert list(line) == ["image", "model", "predictions"]
    assert line["image"] == "-" and line["model"] == "cifar10-resnet20"
    assert [list(p) for p in line["predictions"]] == [["index", "label", "probability"]] * 5
    values = [p["probability"] for p in line["predictions"]]
    assert values == sorted(values, reverse=True) and 0 < sum(values) <= 1.000001


def test_pixels_and_ready_made_floats_agree():
    x = (PIXELS.astype(np.float32).transpose(2, 0, 1) / 255 - np.array([.485, .456, .406], np.float32)[:, None, None]) / (
        np.array([.229, .224, .225], np.float32)[:, None, None])
    one = lines(run(CLASSIFY + ["--top", "10"], stdin=GOOD))[0]["predictions"]
    for tensor in (x, x[None]):
        other = lines(run(CLASSIFY + ["--top", "10"], stdin=npy(tensor.astype("<f4"))))[0]["predictions"]
        assert [p["index"] for p in one] == [p["index"] for p in other]
        assert all(abs(p["probability"] - q["probability"]) < 1e-5 for p, q in zip(one, other))
    several = lines(run(CLASSIFY, stdin=npy(np.stack([x, x, x]).astype("<f4"))))
    assert [line["image"] for line in several] == ["-#0", "-#1", "-#2"]


def test_contract_flags():
    """--bgr turns the channels round; scale, mean and std apply in that order."""
    same_mean = ["--mean", "0.5", "--std", "0.25"]
    a = run(CLASSIFY + ["--bgr", *same_mean], stdin=GOOD).stdout
    b = run(CLASSIFY + same_mean, stdin=npy(np.ascontiguousarray(PIXELS[:, :, ::-1]))).stdout
    assert a == b
    c = run(CLASSIFY + ["--scale", "1", "--mean", "127.5", "--std", "63.75"], stdin=GOOD)
    assert lines(c)[0]["predictions"][0]["index"] == lines(run(CLASSIFY + same_mean, stdin=GOOD))[0]["predictions"][0]["index"]


@pytest.mark.parametrize("batch", [1, 2, 3, 8])
@pytest.mark.parametrize("threads", [1, 2])
def test_archive_in_order_whatever_the_batch(batch, threads):
    names = [f"a/{i}.jpg" for i in range(7)]
    tensors = [npy(RNG.integers(0, 256, (224, 224, 3), dtype=np.uint8)) for _ in names]
    archive = tar([(f"{n}.npy", t) for n, t in zip(names, tensors)])
    result = lines(run(CLASSIFY + ["--batch", str(batch), "--threads", str(threads)], stdin=archive))
    assert [line["image"] for line in result] == names
    for line, tensor in zip(result, tensors):
        alone = lines(run(CLASSIFY, stdin=tensor))[0]["predictions"]
        assert [p["index"] for p in alone] == [p["index"] for p in line["predictions"]]
        assert all(abs(p["probability"] - q["probability"]) < 2e-5 for p, q in zip(alone, line["predictions"]))


def record(name):
    return json.dumps({"image": name, "error": {"tool": "imgdecode", "code": "corrupt", "message": "bad\u001b[31m"}}).encode()


def test_error_records_pass_and_cannot_be_forged():
    archive = tar([
        ("a.jpg.npy", GOOD), ("b.jpg.error.json", record("b.jpg")), ("c.jpg.error.json", record("other.jpg")),
        ("d.jpg.error.json", b"{}"), ("e.txt", b"hello"), ("f.jpg.npy", b"\x93NUMPY"), ("g.jpg.npy", GOOD)])
    result = run(CLASSIFY, stdin=archive)
    assert result.returncode == 0
    out = lines(result)
    assert [line["image"] for line in out] == ["a.jpg", "b.jpg", "c.jpg.error.json", "d.jpg.error.json", "e.txt", "f.jpg", "g.jpg"]
    assert out[1]["error"]["tool"] == "imgdecode" and "\x1b" not in out[1]["error"]["message"]
    assert [line["error"]["tool"] for line in out[2:6]] == ["classify"] * 4
    assert "predictions" in out[0] and "predictions" in out[6]
    assert run(CLASSIFY + ["--strict"], stdin=archive).returncode == 65


def test_names():
    odd = [b"n" * 5000, b"new\nline.jpg", b"\x1b[2J.jpg", b"caf\xe9.jpg"]
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT, encoding="utf-8", errors="surrogateescape") as archive:
        for name in odd:
            member = tarfile.TarInfo((name + b".npy").decode("utf-8", "surrogateescape"))
            member.size = len(GOOD)
            archive.addfile(member, io.BytesIO(GOOD))
    out = lines(run(CLASSIFY, stdin=stream.getvalue()))
    assert [line["image"].encode() for line in out[:3]] == odd[:3]
    assert out[3]["image"] == "caf\ufffd.jpg" and out[3]["imageBytes"] == "Y2Fm6S5qcGc="
    text = run(CLASSIFY + ["--format", "text"], stdin=stream.getvalue()).stdout
    assert b"\x1b" not in text


def test_csv_fields_are_not_formulas():
    archive = tar([("=cmd|' /C calc'!A0.npy", GOOD), ('a,"b".jpg.npy', GOOD)])
    rows = run(CLASSIFY + ["--format", "csv", "--top", "1"], stdin=archive).stdout.decode().split("\r\n")
    assert rows[0] == "InputFile,Probability,Label"
    assert rows[1].startswith("'=cmd") and rows[2].startswith('"a,""b"".jpg",0.')


@pytest.mark.parametrize("array,words", [
    (np.zeros((256, 256, 3), np.uint8), ["(256, 256, 3)", "224", "imgdecode --resize 256 --crop 224"]),
    (np.zeros((224, 224), np.uint8), ["(224, 224)"]),
    (np.zeros((3, 100, 100), np.float32), ["(3, 100, 100)", "--dtype float32 --layout chw"]),
    (np.zeros((1, 4, 224, 224), np.float32), ["(4, 224, 224)"]),
    (np.zeros((0, 3, 224, 224), np.float32), []),
    (np.zeros((224, 224, 3), np.float64), ["<f8"]),
    (np.asfortranarray(np.zeros((3, 224, 224), np.float32)), ["Fortran"]),
    (np.zeros((3, 224, 224), ">f4"), ["big-endian"]),
])
def test_wrong_geometry_names_both(array, words):
    result = run(CLASSIFY, stdin=npy(array))
    assert result.returncode == 65 and result.stdout == b""
    assert len(result.stderr.splitlines()) == 1
    for word in words:
        assert word in result.stderr.decode()


def header(shape, descr="|u1", order=False):
    text = f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}"
    return b"\x93NUMPY\x01\x00" + len(text + "\n").to_bytes(2, "little") + text.encode() + b"\n"


@pytest.mark.parametrize("data", [
    b"", b"\x93", b"\xff\xd8", b"hello", b"\x89PNG\r\n", b"\x93NUMPY", header("(9999999999, 9999999999, 3)"),
    header("(-1, 224, 3)"), header("(224, 224, 3)"), header("(18446744073709551617, 2, 3)"), header("(4294967295, 4294967295, 3)"),
    header("()"), header("(0, 0, 3)"), header("(224, 224, 3)", "O"), header("nonsense"), GOOD + b"x", GOOD[:-1],
], ids=range(17))
def test_bad_single_input(data):
    result = run(CLASSIFY, stdin=data, timeout=20)
    assert result.returncode == 65 and result.stdout == b"" and len(result.stderr.splitlines()) == 1


def test_not_a_number_is_an_error_record():
    """Infinities may become NaN inside; a prediction line never says so."""
    x = np.full((3, 224, 224), np.inf, np.float32)
    result = run(CLASSIFY, stdin=tar([("a.npy", npy(x)), ("b.npy", GOOD)]))
    assert result.returncode == 0
    for line in lines(result):
        assert "error" in line or all(0 <= p["probability"] <= 1 for p in line["predictions"])
    assert "predictions" in lines(result)[1]


def test_every_cut_of_an_archive_ends_in_65():
    archive = tar([("a.npy", GOOD), ("b.npy", GOOD)])
    member = 512 + (len(GOOD) + 511) // 512 * 512
    for cut in [1, 100, 511, 512, 513, 1000, 1023, 1024, member - 1, member, member + 1, member + 512, 2 * member, 2 * member + 100]:
        result = run(CLASSIFY, stdin=archive[:cut], timeout=20)
        assert result.returncode == 65, cut
        assert len(lines(result)) == cut // member + (1 if cut % member >= 512 + len(GOOD) else 0) or cut < member


def test_empty_archive_and_padding():
    assert run(CLASSIFY, stdin=b"\0" * 1024).returncode == 0
    assert run(CLASSIFY, stdin=b"\0" * 10240).stdout == b""


def test_warm_pipe_answers_each_member_at_once():
    process = subprocess.Popen(CLASSIFY + ["--batch", "8"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    body = tar([("a.npy", GOOD)])[:-1]
    member = body[: (512 + (len(GOOD) + 511) // 512 * 512) - (512 - len(GOOD) % 512)]
    padding = b"\0" * (512 - len(GOOD) % 512)
    for _ in range(5):
        process.stdin.write(member)
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["image"] == "a"
        process.stdin.write(padding)
    process.stdin.write(b"\0" * 1024)
    process.stdin.close()
    assert process.wait(10) == 0


def test_a_reader_that_has_gone_ends_an_idle_tool():
    process = subprocess.Popen(CLASSIFY, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    process.stdin.write(tar([("a.npy", GOOD)])[:200_000])
    process.stdin.flush()
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(10) == -signal.SIGPIPE


def test_full_disk_and_closed_output():
    with open("/dev/full", "wb") as full:
        result = subprocess.run(CLASSIFY, input=GOOD, stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == 74 and b"No space" in result.stderr
    result = subprocess.run(["bash", "-c", '"$@" >&-', "bash", *CLASSIFY], input=GOOD, capture_output=True)
    assert result.returncode == 74


@pytest.mark.parametrize("flags", [["--top", "0"], ["--top", "x"], ["--batch", "0"], ["--threads", "0"], ["--mean", "1,2"],
                                   ["--std", "0"], ["--scale", "nan"], ["--format", "xml"], ["--nonsense"]])
def test_wrong_flags(flags):
    assert run(CLASSIFY + flags, stdin=GOOD).returncode == 64


def test_version_and_help():
    assert run([tool("classify"), "--version"]).returncode == 0
    assert b"--labels" in run([tool("classify"), "--help"]).stdout


def test_statistics_description_profile():
    result = run(CLASSIFY + ["--stats", "--profile"], stdin=tar([(f"{i}.npy", GOOD) for i in range(3)]))
    stats = json.loads(result.stderr.splitlines()[0])
    assert stats["images"] == 3 and stats["loadMs"] > 0 and stats["firstPredictionMs"] >= stats["loadMs"]
    assert set(stats["perImageMs"]) == {"median", "p95"} and stats["peakRssMiB"] > 1
    assert b"Conv" in result.stderr and b"GFLOPS" in result.stderr
    described = json.loads(run(CLASSIFY + ["--describe"]).stdout)
    assert described["parameters"] == 272_474 and described["operators"]["Conv"] == 21
    assert described["inputs"] == [{"name": "image", "type": "float32", "shape": ["N", 3, 224, 224]}]


def test_unreadable_and_missing_models():
    assert run([tool("classify")], stdin=GOOD, env={"CLASSIFY_MODEL": ""}).returncode == 78
    assert run([tool("classify"), "--model", "/nonexistent.onnx"], stdin=GOOD).returncode == 78
    assert run([tool("classify"), "--model", "/"], stdin=GOOD).returncode == 78
    assert run([tool("classify")], stdin=GOOD, env={"CLASSIFY_MODEL": str(MODEL)}).returncode == 0


def test_labels(tmp_path):
    names = tmp_path / "labels.txt"
    names.write_text("\n".join(f"n0000000{i} thing {i}" for i in range(10)) + "\n")
    best = lines(run(CLASSIFY + ["--labels", str(names)], stdin=GOOD))[0]["predictions"][0]
    assert best["id"] == f"n0000000{best['index']}" and best["label"] == f"thing {best['index']}"
    assert list(best) == ["index", "id", "label", "probability"]
    by_variable = run(CLASSIFY, stdin=GOOD, env={"CLASSIFY_LABELS": str(names)})
    assert lines(by_variable)[0]["predictions"][0] == best
    names.write_text("one\ntwo\n")
    assert run(CLASSIFY + ["--labels", str(names)], stdin=GOOD).returncode == 78
    assert run(CLASSIFY + ["--labels", str(tmp_path / "none")], stdin=GOOD).returncode == 78
