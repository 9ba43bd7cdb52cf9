#!/usr/bin/env python3
"""Damaged but well-formed models: fuzz_models.py [--count N] [--seed N] [--list]

Starts from the onnx package's node tests of every operator in the table and from random small networks, and changes their
structure: attributes, types, dimensions, values, optional inputs and outputs, opsets, order, names. Every model must run or be
refused with a message; the program must not trap, hang or print nothing. What runs is compared with onnxruntime where that
takes the model too; differences are counted by kind (README.md says who is right), and --list prints each. Exits with 1 where
the program ended by a signal.
"""

import argparse
import collections
import concurrent.futures
import io
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, numpy_helper

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "peers")]
import test_classify_operators as operators  # noqa: E402
from support.onnxnet import list_results, pack  # noqa: E402
from support.random_convolutions import Convolutions  # noqa: E402
from support.random_rows import Rows  # noqa: E402
from support.tools import tool  # noqa: E402

INTEGERS = [0, 1, -1, 2, 3, 7, -2, 13, 100, 2**31 - 1, -(2**31), 2**40, 2**62, 2**63 - 1, -(2**63)]
FLOATS = [0.0, 1.0, -1.0, 0.5, 1e-30, 1e30, float("inf"), float("-inf"), float("nan")]
TEXTS = ["", "NOTSET", "SAME_UPPER", "linear", "nearest", "cubic", "floor", "reflect", "constant", "none", "tanh", "bij,bjk->bik", "x"]
TYPES = [1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 13, 8, 16]


class Mutation:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def attribute(self, model):
        """An attribute with another value, of another kind, absent, or twice."""
        node = self.random.choice(model.graph.node)
        if not node.attribute:
            return node.attribute.append(onnx.helper.make_attribute(self.random.choice(["axis", "axes", "alpha", "mode"]),
                                                                    self.random.choice([1, -1, [0], 0.5, "x"])))
        attribute = self.random.choice(node.attribute)
        kind = self.random.random()
        if kind < 0.15:
            node.attribute.remove(attribute)
        elif kind < 0.25:
            name = attribute.name
            node.attribute.remove(attribute)
            node.attribute.append(onnx.helper.make_attribute(name, self.random.choice([2, 0.5, "x", [1, 2], [0.5, 2.0]])))
        elif attribute.type == onnx.AttributeProto.INT:
            attribute.i = self.random.choice(INTEGERS)
        elif attribute.type == onnx.AttributeProto.FLOAT:
            attribute.f = self.random.choice(FLOATS)
        elif attribute.type == onnx.AttributeProto.STRING:
            attribute.s = self.random.choice(TEXTS).encode()
        elif attribute.type == onnx.AttributeProto.INTS:
            self.list(attribute.ints, INTEGERS)
        elif attribute.type == onnx.AttributeProto.FLOATS:
            self.list(attribute.floats, FLOATS)

    def list(self, values, choices):
        kind = self.random.random()
        if kind < 0.2 and len(values):
            del values[self.random.randrange(len(values))]
        elif kind < 0.4 or not len(values):
            values.append(self.random.choice(choices))
        else:
            values[self.random.randrange(len(values))] = self.random.choice(choices)

    def operands(self, model):
        """An input or output more, less, empty, repeated or from elsewhere."""
        node = self.random.choice(model.graph.node)
        names = self.random.choice([node.input, node.output])
        known = [v.name for v in model.graph.input] + [t.name for t in model.graph.initializer] + [
            name for n in model.graph.node for name in n.output]
        kind = self.random.random()
        if kind < 0.3 and len(names):
            names.pop(self.random.randrange(len(names)))
        elif kind < 0.5 or not len(names):
            names.append(self.random.choice(["", "fresh", self.random.choice(known)]))
        elif kind < 0.7:
            names[self.random.randrange(len(names))] = ""
        else:
            names[self.random.randrange(len(names))] = self.random.choice(known)

    def constant(self, model):
        """Another value, type or shape of an initializer."""
        if not model.graph.initializer:
            return
        tensor = self.random.choice(model.graph.initializer)
        try:
            array = numpy_helper.to_array(tensor)
        except Exception:
            return
        kind = self.random.random()
        if kind < 0.4 and array.size and array.dtype.kind in "iuf":
            array = array.copy()
            choices = FLOATS if array.dtype.kind == "f" else [n for n in INTEGERS if np.iinfo(array.dtype).min <= n <= np.iinfo(array.dtype).max]
            array.flat[self.random.randrange(array.size)] = self.random.choice(choices)
        elif kind < 0.55:
            array = array.reshape(-1)[: self.random.randrange(array.size + 1)]
        elif kind < 0.7:
            array = array.reshape(self.random.choice([(1,) * self.random.randrange(4) + array.shape, (-1,), array.shape[::-1]]))
        elif kind < 0.85:
            array = array.astype(self.random.choice([np.float32, np.float16, np.float64, np.int64, np.int32, np.uint8, np.bool_]))
        else:
            del tensor.dims[:]
            tensor.dims.extend(self.random.choice([[0], [-1], [2**40], [2**31, 2**31], [], [1, 1, 1, 1, 1]]))
            return
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(array, name))

    def input(self, model):
        """Another type or shape of the input; an input where a constant was; a constant that is an input too."""
        if self.random.random() < 0.3 and model.graph.initializer:
            tensor = self.random.choice(model.graph.initializer)
            model.graph.input.append(onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)))
            if self.random.random() < 0.5:
                model.graph.initializer.remove(tensor)
            return
        if not model.graph.input:
            return
        kind = self.random.choice(model.graph.input).type.tensor_type
        if self.random.random() < 0.3:
            kind.elem_type = self.random.choice(TYPES)
        elif kind.shape.dim:
            dimension = self.random.choice(kind.shape.dim)
            if self.random.random() < 0.3:
                dimension.dim_param = "d"
            else:
                dimension.dim_value = self.random.choice([0, -1, 1, 2, 5, 2**20, 2**40])

    def output(self, model):
        names = [name for node in model.graph.node for name in node.output if name] + [v.name for v in model.graph.input]
        if names:
            model.graph.output.append(onnx.helper.make_tensor_value_info(self.random.choice(names), 1, None))

    def opset(self, model):
        model.opset_import[0].version = self.random.choice([1, 6, 7, 8, 9, 10, 11, 12, 13, 15, 17, 18, 20, 21, 23, 25, 28, 99])

    def operator(self, model):
        node = self.random.choice(model.graph.node)
        node.op_type = self.random.choice(sorted(operators.CLAIMED))
        node.domain = self.random.choice(["", "", "", "com.microsoft"])

    def order(self, model):
        nodes = list(model.graph.node)
        self.random.shuffle(nodes)
        del model.graph.node[:]
        model.graph.node.extend(nodes)

    KINDS = ["attribute"] * 4 + ["operands"] * 3 + ["constant"] * 3 + ["input"] * 2 + ["output", "opset", "operator", "order"]

    def __call__(self, model):
        for _ in range(self.random.choice([1, 1, 1, 2, 3])):
            getattr(self, self.random.choice(self.KINDS))(model)


def sources():
    """(model, inputs) before any change."""
    made = []
    for case, runtime in operators.RUNS:
        arrays = [operators.as_array(x) for x in case.data_sets[0][0]]
        if all(a.dtype in (np.float32, np.int64, np.int32, np.bool_) for a in arrays) and sum(a.size for a in arrays) < 50_000:
            made.append((operators.with_constants(case, arrays, runtime), [arrays[i] for i in runtime]))
    for seed in range(60):
        network = [Convolutions, Rows][seed % 2](seed)
        x = network.rng.standard_normal((1, *network.input_shape), dtype=np.float32)
        made.append((network.model(["N", 1][seed // 2 % 2]), [x]))
    return made


def run(paths):
    """What became of each model: a list of arrays, a text, or None for the one at which the program ended."""
    process = subprocess.run([tool("onnxrun"), "--list", "1"], input="\n".join(map(str, paths)).encode(), capture_output=True,
                             timeout=600)
    results = {}
    for line, name, body in list_results(process.stdout):
        if name == "refused.txt":
            results[line] = body.decode()
        else:
            results.setdefault(line, []).append(np.load(io.BytesIO(body)))
    return process, results


def peer(pool, path, feeds):
    """onnxruntime's outputs, from a process of its own: changed models end it now and then."""
    try:
        return pool[0].submit(peer_outputs, path, feeds).result(60)
    except Exception:
        pool[0].shutdown(wait=False, cancel_futures=True)
        pool[0] = concurrent.futures.ProcessPoolExecutor(1)
        return None


def peer_outputs(path, feeds):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        return session.run(None, {entry.name: feeds[entry.name] for entry in session.get_inputs()})
    except Exception:
        return None


def differs(ours, theirs):
    """Both as float32, as the streams between the processes hold them."""
    for a, b in zip(ours, theirs):
        b = np.asarray(b)
        if a.shape != b.shape:
            return f"shape {a.shape} instead of {b.shape}"
        with np.errstate(all="ignore"):
            b = b.astype(np.float32).astype(np.float64)
            limit = 1e-4 * max(1, np.abs(b[np.isfinite(b)]).max(initial=0))
            if not np.allclose(a.astype(np.float64), b, rtol=1e-3, atol=limit, equal_nan=True):
                return "values"
    return None


def numbers(model, inputs, outputs):
    """Every number that the model computes with, as float64."""
    for array in [*inputs.values(), *outputs]:
        yield np.asarray(array)
    for tensor in model.graph.initializer:
        yield numpy_helper.to_array(tensor)
    for node in model.graph.node:
        for attribute in node.attribute:
            value = onnx.helper.get_attribute_value(attribute)
            if attribute.type in (onnx.AttributeProto.FLOAT, onnx.AttributeProto.FLOATS):
                yield np.asarray(value, np.float64)


def kind(model, inputs, ours, theirs):
    """What sort of difference it is: the rows of README.md."""
    first = [entry.type.tensor_type.shape.dim[0] for entry in model.graph.input if entry.type.tensor_type.shape.dim]
    if any(not dimension.HasField("dim_value") or dimension.dim_value <= 1 for dimension in first):
        if any(np.shape(a) != np.shape(b) for a, b in zip(ours, theirs)) or any(
                dimension.dim_param == "d" or dimension.HasField("dim_value") and dimension.dim_value <= 0 for dimension in first):
            return "open first dimension"
    for array in numbers(model, inputs, [*ours, *theirs]):
        if array.dtype.kind == "f" and (not np.isfinite(array).all() or np.abs(array).max(initial=0) > 1e18):
            return "infinity, NaN or overflow"
        if array.dtype.kind in "iu" and array.size and max(int(array.max()), -int(array.min())) >= 2**31 - 1:
            return "integer overflow"
    return "other"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--keep", type=pathlib.Path, help="where models that end the program are saved")
    flags = parser.parse_args()
    originals = sources()
    pool = [concurrent.futures.ProcessPoolExecutor(1)]
    counts = dict.fromkeys(["ran", "refused", "signals", "compared", "differences"], 0)
    kinds = collections.Counter()
    batch = 250
    for start in range(0, flags.count, batch):
        with tempfile.TemporaryDirectory() as folder:
            paths, feeds = [], []
            for index in range(start, min(start + batch, flags.count)):
                mutation = Mutation(flags.seed * 1_000_003 + index)
                original, arrays = originals[mutation.random.randrange(len(originals))]
                inputs = {entry.name: x for entry, x in zip(original.graph.input, arrays)}
                model = onnx.ModelProto()
                model.CopyFrom(original)
                try:
                    mutation(model)
                    data = model.SerializeToString()
                except (ValueError, TypeError, OverflowError, UnicodeError):
                    data = original.SerializeToString()
                path = pathlib.Path(folder) / f"{index}.onnx"
                path.write_bytes(data)
                pathlib.Path(f"{path}.tar").write_bytes(pack(inputs.values(), list(inputs)))
                paths.append(path)
                feeds.append(inputs)
            first = 0
            while first < len(paths):
                process, results = run(paths[first:])
                for line, result in sorted(results.items()):
                    if isinstance(result, str):
                        counts["refused"] += 1
                        continue
                    counts["ran"] += 1
                    theirs = None if flags.no_peer else peer(pool, paths[first + line], feeds[first + line])
                    if theirs is not None:
                        counts["compared"] += 1
                        difference = differs(result, theirs)
                        if difference:
                            counts["differences"] += 1
                            model = onnx.load(str(paths[first + line]))
                            sort = kind(model, feeds[first + line], result, theirs)
                            kinds[sort] += 1
                            if flags.list:
                                operations = [node.op_type for node in model.graph.node][:6]
                                print(paths[first + line].stem, sort, operations, difference, sep="; ", flush=True)
                if process.returncode == 0:
                    break
                # The next model ended the program.
                ended = first + (max(results) + 1 if results else 0)
                counts["signals"] += 1
                print(f"model {paths[ended].stem} (seed {flags.seed}): ended with {process.returncode}", flush=True)
                if flags.keep:
                    flags.keep.mkdir(parents=True, exist_ok=True)
                    for path in (paths[ended], pathlib.Path(f"{paths[ended]}.tar")):
                        (flags.keep / path.name).write_bytes(path.read_bytes())
                first = ended + 1
    print(", ".join(f"{value} {key}" for key, value in counts.items()))
    print("differences:", ", ".join(f"{value} {key}" for key, value in kinds.most_common()) or "none")
    return 1 if counts["signals"] else 0


if __name__ == "__main__":
    sys.exit(main())
