"""The `onnx` package's own node tests, for every operator that is claimed, and its nine `light` networks.

A node test runs twice where it can: with its first input computed at run time, and with every input a constant, so that the
folding at load is held to the same answers. Inputs that are parameters (axes, shapes, weights) are constants in both.
"""

import functools
import pathlib
import re

import numpy as np
import onnx
import onnx.backend.test.case.node as node_cases
import pytest
from onnx import helper, numpy_helper

from support.onnxnet import Refused, run_file, run_model, run_models
from support.tools import EMULATED, ROOT

TABLE = (ROOT / "Sources" / "ONNX" / "Operators" / "OperatorTable.swift").read_text()
CLAIMED = set(re.findall(r'^  "(\w+)":', TABLE, re.M))
# Results that are not computed: the onnx package's tests read them, exporters only name them.
FIRST_RESULT_ALONE = {"LayerNormalization", "MaxPool", "BatchNormalization", "Dropout"}
# What is refused, by the test's name, and why; everything else must give the recorded answer.
REFUSED = {
    r"_3d_|_3d$": "three spatial dimensions: images have two",
    r"uint8|int8|uint16|int16|_u?int|_u?int\d+|bfloat16|float8|float4|FLOAT8|FLOAT4|BFLOAT16|INT4|INT2|E8M0|e8m0|STRING|string":
        "an element type that no activation has",
    r"_e4m3|_e5m2|uint2|_int2|uint4|_int4|blocked": "quantization other than per tensor or per axis to 8 bits",
    r"training": "training",
    r"sequence|identity_opt": "sequences and optionals",
    r"slice_start_out_of_bounds": "a picture of no pixels",
    r"tf_crop_and_resize|_crop_": "resizing parts of a picture",
    r"einsum_(batch_diagonal|scalar|sum)|einsum.*ellipsis": "diagonals and ellipses",
    r"empty|zero_size|_zero$": "tensors without elements",
    r"reduce_(max|min)_bool": "reductions of booleans",
    r"mvn|mean_variance": "statistics over the batch of several images",
    r"^test_range_": "a range that the image decides",
}


def cases():
    chosen = []
    for case in node_cases.collect_testcases():
        operators = {node.op_type for node in case.model.graph.node}
        if len(case.model.graph.node) == 1 and operators <= CLAIMED and not case.model.functions:
            chosen.append(case)
    return chosen


def as_array(value):
    return numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else np.asarray(value)


def with_constants(case, arrays, runtime):
    """The model with every input but those of `runtime` turned into an initializer."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    # The package states the oldest opset that has the operator; below 7 they are obsolete.
    model.opset_import[0].version = max(model.opset_import[0].version, 7)
    kept = [value for index, value in enumerate(model.graph.input) if index in runtime]
    for index, value in enumerate(case.model.graph.input):
        if index not in runtime:
            model.graph.initializer.append(numpy_helper.from_array(arrays[index], value.name))
    del model.graph.input[:]
    model.graph.input.extend(kept)
    if model.graph.node[0].op_type in FIRST_RESULT_ALONE:
        del model.graph.output[1:]
    return model


BINARY = {"Add", "Sub", "Mul", "Div", "Sum", "Concat", "MatMul", "Gemm", "Pow", "Min", "Max", "Mean", "Mod", "PRelu", "Equal", "Less",
          "LessOrEqual", "Greater", "GreaterOrEqual", "Einsum"}


def runtime_choices(case, arrays):
    choices = [()]
    operator = case.model.graph.node[0].op_type
    if arrays and arrays[0].dtype in (np.float32, np.int8, np.uint8) and arrays[0].size > 0:
        choices.append((0,))
        both = len(arrays) > 1 and arrays[1].dtype == np.float32 and arrays[1].size > 0
        if both and operator in BINARY:
            choices.append(tuple(range(len(arrays))))
            choices.append((1,))
    return choices


RUNS = [(case, choice) for case in cases() for choice in runtime_choices(case, [as_array(x) for x in case.data_sets[0][0]])]


def model_and_inputs(case, runtime):
    arrays = [as_array(x) for x in case.data_sets[0][0]]
    return with_constants(case, arrays, runtime), [arrays[index] for index in runtime]


@functools.cache
def emulated():
    """The results of all runs by name, made by one process: starting an emulated one takes half a second."""
    results = run_models([model_and_inputs(case, runtime) for case, runtime in RUNS])
    return {(case.name, runtime): result for (case, runtime), result in zip(RUNS, results)}


def run_case(case, runtime):
    result = emulated()[case.name, runtime] if EMULATED else None
    if result is None:  # also where the one process ended
        return run_model(*model_and_inputs(case, runtime))
    if isinstance(result, Refused):
        raise result
    return result


@pytest.mark.parametrize("case,runtime", RUNS, ids=[f"{case.name}-{''.join(map(str, r)) or 'folded'}" for case, r in RUNS])
def test_node(case, runtime):
    inputs, expected = case.data_sets[0]
    arrays, expected = [as_array(x) for x in inputs], [as_array(x) for x in expected]
    try:
        outputs = run_case(case, runtime)
    except Refused as refusal:
        assert refusal.status == 78, refusal
        reasons = [reason for pattern, reason in REFUSED.items() if re.search(pattern, case.name)]
        unfit = any(a.dtype not in (np.float32, np.float16, np.float64, np.int64, np.int32, np.bool_) for a in arrays)
        assert reasons or unfit, refusal
        pytest.skip(f"refused: {refusal.message}")
    if case.model.graph.node[0].op_type in FIRST_RESULT_ALONE:
        expected = expected[:1]
    assert len(outputs) == len(expected)
    for output, wanted in zip(outputs, expected):
        assert output.shape == wanted.shape
        np.testing.assert_allclose(
            output.astype(np.float64), wanted.astype(np.float64), rtol=max(case.rtol, 1e-3), atol=max(case.atol, 1e-5))


LIGHT = sorted((pathlib.Path(onnx.__file__).parent / "backend/test/data/light").glob("*.onnx"))


@pytest.mark.parametrize("path", LIGHT, ids=[path.stem for path in LIGHT])
@pytest.mark.parametrize("batch", [1, 3])
def test_light_network(path, batch):
    """Recorded outputs, as the onnx backend test makes the input: arange / n."""
    wanted = numpy_helper.to_array(onnx.load_tensor(str(path)[:-5] + "_output_0.pb"))
    x = (np.arange(3 * 224 * 224).reshape(1, 3, 224, 224) / (3 * 224 * 224)).astype(np.float32)
    try:
        output = run_file(path, [np.repeat(x, batch, axis=0)], timeout=300)[0]
    except Refused as refusal:
        assert batch > 1 and "the batch is fixed" in refusal.message
        pytest.skip("this network is made for one image")
    for row in output.reshape(batch, -1):
        np.testing.assert_allclose(row, wanted.reshape(-1), rtol=1e-3, atol=1e-6)


def test_there_were_nine_networks_and_many_nodes():
    assert len(LIGHT) == 9
    assert len(RUNS) > 900
