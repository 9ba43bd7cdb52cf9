#!/usr/bin/env python3
"""Current architectures compared with onnxruntime: zoo.py [--exporters LIST] [--batches LIST] [--keep FOLDER] [--spoil] [NAME…]

Every architecture of architectures.txt, or those named, is created with calibrated random weights, exported by both of
torch's exporters with a fixed and a dynamic batch, and run by this project's engine (the test tool onnxrun) and onnxruntime.
Raw outputs agree if max|a − b| ≤ 1e-4 · max|b|. Random weights make some deep networks so sensitive that float32 itself is further from
float64 than that: they count as ill-conditioned if onnxruntime is, and this engine is within four times its distance. One model at a time; files are removed at once, or kept in FOLDER and used again.
ONNXRUN names another build of the test tool. Prints a line per model and a summary; exits with 1 where a model disagrees, or is refused that refused.txt does not name.
"""

import argparse
import io
import multiprocessing
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import time
import warnings

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from pictures import pictures  # noqa: E402

TOOL = os.environ.get("ONNXRUN", HERE.parents[1] / ".build" / "release" / "onnxrun")
TOLERANCE = 1e-4


def made(name, exporter, batch, folder):
    """The exported model, made in a process of its own: torch keeps memory."""
    path = folder / f"{name}-{exporter}-{batch}.onnx"
    if not path.exists():
        process = multiprocessing.get_context("spawn").Process(target=make, args=(name, exporter, batch, path))
        process.start()
        process.join(900)
        if process.is_alive():
            process.kill()
    return path if path.exists() else None


def make(name, exporter, batch, path):
    warnings.simplefilter("ignore")
    import model

    network, shape = model.create(name)
    model.calibrate(network, shape)
    model.export(network, shape, path, exporter, batch)
    np.save(reference(path), model.reference(network, images(batch, shape)))


def reference(path):
    """Where the outputs in float64 are kept."""
    return path.with_name(path.name + ".npy")


def images(batch, shape):
    return pictures(2 if batch == "dynamic" else 1, shape, seed=4)


def ours(path, x):
    """Our outputs, or the reason why the model was refused."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        body = io.BytesIO()
        np.save(body, x)
        member = tarfile.TarInfo("0.npy")
        member.size = body.tell()
        body.seek(0)
        archive.addfile(member, body)
    result = subprocess.run([TOOL, path, "2"], input=stream.getvalue(), capture_output=True, timeout=600)
    if result.returncode != 0:
        return result.stderr.decode(errors="replace").strip() or f"ended with {result.returncode}"
    with tarfile.open(fileobj=io.BytesIO(result.stdout)) as archive:
        return [np.load(io.BytesIO(archive.extractfile(member).read())) for member in archive]


def peers(path, x):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})


def spoiled(path):
    """The model with one weight of its last matrix changed by 1."""
    import onnx
    from onnx import numpy_helper

    model = onnx.load(str(path))
    tensor = [t for t in model.graph.initializer if len(t.dims) >= 2][-1]
    array = numpy_helper.to_array(tensor).copy()
    array.flat[array.size // 2] += 1
    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    result = path.with_name("spoiled.onnx")
    onnx.save(model, str(result))
    return result


def compare(path, batch, spoils=False):
    """("agrees", difference), ("ill-conditioned", …), ("differs", …) or ("refused", reason)."""
    import onnx

    model = onnx.load(str(path), load_external_data=False)
    dimensions = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    x = images(batch, dimensions[1:])
    wanted = peers(path, x)
    outputs = ours(spoiled(path) if spoils else path, x)
    if isinstance(outputs, str):
        return "refused", outputs
    worst = 0.0
    for output, expected in zip(outputs, wanted, strict=True):
        if output.shape != expected.shape:
            return "differs", f"shape {output.shape} instead of {expected.shape}"
        worst = max(worst, float(np.abs(output - expected).max() / max(np.abs(expected).max(), 1e-30)))
    if worst <= TOLERANCE:
        return "agrees", f"{worst:.1e}"
    if reference(path).exists() and not spoils:
        exact = np.load(reference(path))
        own, peer = (float(np.abs(outputs - exact).max() / np.abs(exact).max()) for outputs in (outputs[0], wanted[0]))
        detail = f"{worst:.1e}; from float64 {own:.1e}, onnxruntime {peer:.1e}"
        return ("ill-conditioned" if peer > TOLERANCE and own <= 4 * peer else "differs"), detail
    return "differs", f"{worst:.1e}"


def remove(path):
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".data").unlink(missing_ok=True)
    reference(path).unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--exporters", default="torchscript,dynamo")
    parser.add_argument("--batches", default="fixed,dynamic")
    parser.add_argument("--keep", type=pathlib.Path)
    parser.add_argument("--spoil", action="store_true",
                        help="change one weight of the model that this project runs; succeeds if that is noticed")
    parser.add_argument("names", nargs="*")
    flags = parser.parse_args()
    names = flags.names or [
        line.split()[1] for line in (HERE / "architectures.txt").read_text().splitlines() if line and line[0] != "#"]
    expected = {line.split()[0] for line in (HERE / "refused.txt").read_text().splitlines() if line and line[0] != "#"}
    counts, failed = {}, []
    with tempfile.TemporaryDirectory() as temporary:
        folder = flags.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            for exporter in flags.exporters.split(","):
                for batch in flags.batches.split(","):
                    start = time.perf_counter()
                    path = made(name, exporter, batch, folder)
                    kind, detail = compare(path, batch, flags.spoil) if path else ("not exported", "")
                    if path and not flags.keep:
                        remove(path)
                    counts[kind] = counts.get(kind, 0) + 1
                    if kind == "differs" or kind == "refused" and name not in expected:
                        failed.append(name)
                    seconds = time.perf_counter() - start
                    print(f"{name:32} {exporter:11} {batch:7} {kind:15} {seconds:6.1f} s  {detail}", flush=True)
    print(", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())))
    if flags.spoil:
        return 0 if set(counts) == {"differs"} else 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
