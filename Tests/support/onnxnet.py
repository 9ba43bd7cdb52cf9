"""Runs ONNX models through the project's own modules (the test tool onnxrun), for comparison with a peer."""

import io
import os
import subprocess
import tarfile
import tempfile

import numpy as np
import onnx

from support.tools import EMULATED, tool


# The values of CLASSIFY_ISA that this machine has, or the one that the tools are emulated on.
if EMULATED:
    INSTRUCTION_SETS = ["portable", "neon,-i8mm", "neon"]
else:
    CPU = open("/proc/cpuinfo").read()
    INSTRUCTION_SETS = [
        isa for isa, flag in (("portable", ""), ("avx2", " avx2"), ("avx512,-vnni", " avx512_vnni")) if flag in CPU]
# Options of `run_file` under which a network over bytes has the same results: every instruction set, and of emulated tools the machine's
# own (Tests/long/arm64.sh sets NATIVE_BIN).
EVERYWHERE = [{"env": {"CLASSIFY_ISA": isa}} for isa in INSTRUCTION_SETS]
if "NATIVE_BIN" in os.environ:
    EVERYWHERE.append({"program": os.path.join(os.environ["NATIVE_BIN"], "onnxrun")})


class Refused(Exception):
    """The model or the input was refused with a message."""

    def __init__(self, status, message):
        super().__init__(f"{status}: {message}")
        self.status, self.message = status, message


def pack(arrays, names=()):
    """A tar of .npy members in the model's order, or called as the model calls its inputs."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for index, array in enumerate(arrays):
            name = names[index] if index < len(names) else str(index)
            body = io.BytesIO()
            np.save(body, np.ascontiguousarray(array, np.float32))
            member = tarfile.TarInfo(f"{name}.npy")
            member.size = body.tell()
            body.seek(0)
            archive.addfile(member, body)
    return stream.getvalue()


def run_file(path, inputs, threads=2, timeout=120, env=None, program=None):
    """The outputs of the model at `path` as a list of arrays; integers and booleans get their type back."""
    result = subprocess.run(
        [program or tool("onnxrun"), str(path), str(threads)], input=pack(inputs), capture_output=True, timeout=timeout,
        env=None if env is None else {**os.environ, **env})
    if result.returncode != 0:
        raise Refused(result.returncode, result.stderr.decode(errors="replace").strip())
    outputs = []
    with tarfile.open(fileobj=io.BytesIO(result.stdout)) as archive:
        for member in archive:
            array = np.load(io.BytesIO(archive.extractfile(member).read()))
            outputs.append(array.astype(member.name.split(".")[1]))
    return outputs


def run_model(model, inputs, **options):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.onnx")
        onnx.save(model, path)
        return run_file(path, inputs, **options)


def list_results(output):
    """(line, name, bytes) of each result that `onnxrun --list` has written, up to where the program ended."""
    try:
        with tarfile.open(fileobj=io.BytesIO(output), mode="r|") as archive:
            for member in archive:
                line, name = member.name.split("/")
                yield int(line), name, archive.extractfile(member).read()
    except (tarfile.ReadError, EOFError, ValueError):
        pass


def run_models(models):
    """What became of each (model, inputs), all in one process: a list of arrays, a `Refused`, or None from where the process ended."""
    results = [None] * len(models)
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, f"{index}.onnx") for index in range(len(models))]
        for path, (model, inputs) in zip(paths, models):
            onnx.save(model, path)
            with open(path + ".tar", "wb") as file:
                file.write(pack(inputs))
        process = subprocess.run(
            [tool("onnxrun"), "--list", "2"], input="\n".join(paths).encode(), capture_output=True, timeout=3600)
    for line, name, body in list_results(process.stdout):
        if name == "refused.txt":
            text = body.decode()
            results[line] = Refused(78 if "configuration" in text else 65, text)
        else:
            results[line] = (results[line] or []) + [np.load(io.BytesIO(body)).astype(name.split(".")[1])]
    return results
