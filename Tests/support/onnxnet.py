"""Runs ONNX models through the project's own modules (the test tool onnxrun), for comparison with a peer."""

import io
import os
import subprocess
import tarfile
import tempfile

import numpy as np
import onnx

from support.tools import tool


# The values of CLASSIFY_ISA that this machine has.
CPU = open("/proc/cpuinfo").read()
INSTRUCTION_SETS = [isa for isa, flag in (("portable", ""), ("avx2", " avx2"), ("avx512,-vnni", " avx512_vnni")) if flag in CPU]


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


def run_file(path, inputs, threads=2, timeout=120, env=None):
    """The outputs of the model at `path` as a list of arrays; integers and booleans get their type back."""
    result = subprocess.run(
        [tool("onnxrun"), str(path), str(threads)], input=pack(inputs), capture_output=True, timeout=timeout,
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
