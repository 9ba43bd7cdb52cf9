"""Random small graphs compared with onnxruntime: the passes must not change the result."""

import numpy as np
import onnxruntime
import pytest

from support.onnxnet import run_model
from support.random_convolutions import Convolutions
from support.random_rows import Rows


@pytest.mark.parametrize("seed", range(300))
@pytest.mark.parametrize("kind", [Convolutions, Rows])
def test_random_graph(kind, seed):
    graph = kind(seed)
    batch = [1, 2, 3][seed % 3]
    model = graph.model(["N", 1][seed % 2] if batch == 1 else "N")
    x = graph.rng.standard_normal((batch, *graph.input_shape), dtype=np.float32)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    wanted = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, {"x": x})
    got = run_model(model, [x])
    assert len(got) == len(wanted)
    for ours, theirs in zip(got, wanted):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-4 * max(1e-3, np.abs(theirs).max()))
