"""How exporters write graphs: order, dead parts, functions, branches, optional results. Small models compared with onnxruntime."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from support.onnxnet import Refused, run_model
from support.tools import run, tool

RNG = np.random.default_rng(7)
WEIGHTS = RNG.standard_normal((4, 3, 3, 3), dtype=np.float32)
SHAPE = ["N", 3, 8, 8]


def constant(name, value):
    return numpy_helper.from_array(np.asarray(value), name)


def network(nodes, initializers=(), opset=17, outputs=("y",), functions=(), domains=(), inputs=None):
    graph = helper.make_graph(
        nodes, "g", inputs or [helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPE)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs], list(initializers))
    opsets = [helper.make_opsetid("", opset)] + [helper.make_opsetid(domain, 1) for domain in domains]
    return helper.make_model(graph, opset_imports=opsets, ir_version=10, functions=list(functions))


def agrees(model, batch=2, feeds=None):
    x = RNG.standard_normal((batch, 3, 8, 8), dtype=np.float32)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    wanted = session.run(None, feeds or {"x": x})
    for ours, theirs in zip(run_model(model, [x]), wanted, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def node(operator, inputs, outputs, **attributes):
    return helper.make_node(operator, inputs, outputs, **attributes)


CONV = node("Conv", ["x", "w"], ["c"], pads=[1] * 4)
RELU = node("Relu", ["c"], ["y"])
W = constant("w", WEIGHTS)


def test_nodes_in_any_order():
    model = network([RELU, CONV], [W])
    got = run_model(model, [np.ones((1, 3, 8, 8), np.float32)])[0]
    wanted = run_model(network([CONV, RELU], [W]), [np.ones((1, 3, 8, 8), np.float32)])[0]
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("shape", [(1, 1, 4, 1, 1), (2, 1, 4, 1, 1), (1, 4, 8, 8), (4, 1, 1), (8,), ()])
@pytest.mark.parametrize("operator", ["Add", "Mul", "Pow", "Min", "Sum", "Less", "Where"])
def test_a_picture_and_a_constant_of_any_rank(operator, shape):
    """Behind a convolution, whose result is stored channels-last."""
    k = RNG.random(shape, dtype=np.float32) + 0.5
    nodes = [CONV, node("Abs", ["c"], ["a"])]
    if operator == "Less":
        nodes += [node("Less", ["a", "k"], ["b"]), node("Cast", ["b"], ["y"], to=TensorProto.FLOAT)]
    elif operator == "Where":
        nodes += [node("Where", ["t", "a", "k"], ["y"])]
    else:
        nodes += [node(operator, ["a", "k"] + ["c"] * (operator == "Sum"), ["y"])]
    agrees(network(nodes, [W, constant("k", k), constant("t", k > 1)]), batch=1)


def test_what_no_output_depends_on_is_dropped():
    """An operator, a quantized branch, an initializer and an unused input."""
    dead = [node("Atan", ["c"], ["d"]), node("QuantizeLinear", ["c", "s"], ["q"])]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, SHAPE),
              helper.make_tensor_value_info("unused", TensorProto.STRING, ["a", "b"])]
    model = network([CONV, *dead, RELU], [W, constant("s", np.float32(1)), constant("t", np.array(["text"]))], inputs=inputs)
    got = run_model(model, [np.ones((1, 3, 8, 8), np.float32)])[0]
    assert got.shape == (1, 4, 8, 8)


@pytest.mark.parametrize("model", [
    network([node("MaxPool", ["x"], ["y", "indices"], kernel_shape=[2, 2])]),
    network([node("MaxPool", ["x"], ["y", ""], kernel_shape=[2, 2])]),
    network([node("Dropout", ["x"], ["y", "mask"])]),
    network([node("Split", ["x", "sizes"], ["first", "y"], axis=1)], [constant("sizes", np.array([1, 2]))]),
    network([node("BatchNormalization", ["x", "a", "b", "m", "v"], ["y", "p", "q", "r", "s"])],
            [constant(name, RNG.random(3, dtype=np.float32) + 0.5) for name in "abmv"], opset=9),
], ids=["indices", "empty name", "mask", "part", "statistics"])
def test_results_that_nobody_reads(model):
    if model.opset_import[0].version == 9:
        x = RNG.standard_normal((2, 3, 8, 8), dtype=np.float32)
        a, b, m, v = (numpy_helper.to_array(t).reshape(1, 3, 1, 1) for t in model.graph.initializer)
        np.testing.assert_allclose(run_model(model, [x])[0], (x - m) / np.sqrt(v + 1e-5) * a + b, rtol=1e-4, atol=1e-5)
    else:
        agrees(model)


@pytest.mark.parametrize("outputs", [["", "indices"], ["y", "indices"]])
def test_a_result_that_is_not_computed_is_refused_where_it_is_read(outputs):
    nodes = [node("MaxPool", ["x"], outputs, kernel_shape=[2, 2], name="pool"),
             node("Cast", ["indices"], ["z"], to=TensorProto.FLOAT)]
    with pytest.raises(Refused, match="node pool: output 1 is not supported"):
        run_model(network(nodes, outputs=["z"]), [np.ones((1, 3, 8, 8), np.float32)])


def function(name, inputs, outputs, nodes, attributes=(), defaults=(), opset=17):
    return helper.make_function(
        "local", name, inputs, outputs, nodes, [helper.make_opsetid("", opset), helper.make_opsetid("local", 1)],
        attributes=list(attributes), attribute_protos=list(defaults))


def leaky(reference):
    result = node("LeakyRelu", ["a"], ["b"])
    attribute = result.attribute.add()
    attribute.name, attribute.type, attribute.ref_attr_name = "alpha", onnx.AttributeProto.FLOAT, reference
    return result


def test_functions_are_inlined():
    """Nested calls, attributes given, left to their default and absent, a result that is not read."""
    inner = function("inner", ["a"], ["b"], [leaky("slope")], ["slope"])
    default = function("default", ["a"], ["b"], [leaky("slope")], defaults=[helper.make_attribute("slope", 0.3)])
    outer = function("outer", ["p", "q"], ["r", "s"], [node("Identity", ["p"], ["s"]),
        node("inner", ["p"], ["t"], domain="local", slope=0.5), node("default", ["t"], ["u"], domain="local"),
        node("default", ["u"], ["v"], domain="local", slope=0.7), node("Clip", ["v", "q"], ["r"])])
    nodes = [node("outer", ["x", "low"], ["one", "same"], domain="local"), node("outer", ["one", "low"], ["two", "unread"], domain="local"),
             node("inner", ["two"], ["three"], domain="local"), node("Add", ["three", "same"], ["y"])]
    agrees(network(nodes, [constant("low", np.float32(-0.1))], functions=[inner, default, outer], domains=["local"]))


def test_functions_that_call_each_other_without_end_are_refused():
    loop = function("loop", ["a"], ["b"], [node("loop", ["a"], ["b"], domain="local")])
    with pytest.raises(Refused, match="without end"):
        run_model(network([node("loop", ["x"], ["y"], domain="local")], functions=[loop], domains=["local"]),
                  [np.ones((1, 3, 8, 8), np.float32)])
    double = [function(f"f{i}", ["a"], ["b"], [
        node(f"f{i + 1}", ["a"], ["m"], domain="local"), node(f"f{i + 1}", ["m"], ["b"], domain="local")]) for i in range(40)]
    last = function("f40", ["a"], ["b"], [node("Relu", ["a"], ["b"])])
    with pytest.raises(Refused, match="too often"):
        run_model(network([node("f0", ["x"], ["y"], domain="local")], functions=[*double, last], domains=["local"]),
                  [np.ones((1, 3, 8, 8), np.float32)])


def test_a_function_that_calls_itself_in_a_branch_is_refused():
    again = branch([node("loop", ["a"], ["r"], domain="local")], "r")
    end = branch([node("Identity", ["a"], ["r"])], "r")
    loop = function("loop", ["a"], ["b"], [
        node("Constant", [], ["t"], value=constant("t", np.array(True))), node("If", ["t"], ["b"], then_branch=again, else_branch=end)])
    with pytest.raises(Refused, match="without end"):
        run_model(network([node("loop", ["x"], ["y"], domain="local")], functions=[loop], domains=["local"]),
                  [np.ones((1, 3, 8, 8), np.float32)])


def branch(nodes, output, initializers=()):
    return helper.make_graph(
        nodes, "branch", [], [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)], list(initializers))


def choice(condition):
    """A branch with a weight of its own that reads values from outside, one of them twice; the other with an operator that only
    onnxruntime has; a name that both use."""
    yes = branch([node("Conv", ["x", "k"], ["u"], pads=[1] * 4), node("Add", ["u", "c"], ["z"])], "z",
                 [constant("k", WEIGHTS)])
    no = branch([node("Atan", ["x"], ["u"]), node("Relu", ["u"], ["z"])], "z")
    return node("If", [condition], ["m"], then_branch=yes, else_branch=no)


def test_the_branch_that_is_taken():
    agrees(network([CONV, choice("t"), node("Relu", ["m"], ["y"])], [W, constant("t", np.array(True))]))


def test_a_condition_that_is_computed_from_constants():
    nodes = [CONV, node("Shape", ["c"], ["s"]), node("Gather", ["s", "one"], ["f"]), node("Cast", ["f"], ["t"], to=TensorProto.BOOL),
             choice("t"), node("Relu", ["m"], ["y"])]
    agrees(network(nodes, [W, constant("one", np.array(1))]))


def test_a_branch_inside_a_branch_and_a_value_handed_through():
    inner = node("If", ["t"], ["i"], then_branch=branch([node("Identity", ["c"], ["o"])], "o"),
                 else_branch=branch([node("Neg", ["c"], ["o"])], "o"))
    outer = node("If", ["t"], ["m"], then_branch=branch([inner], "i"), else_branch=branch([node("Neg", ["c"], ["i"])], "i"))
    agrees(network([CONV, outer, node("Relu", ["m"], ["y"])], [W, constant("t", np.array(True))]))


def test_a_condition_that_the_image_decides_is_refused():
    nodes = [CONV, node("ReduceMean", ["x"], ["s"], keepdims=0), node("Cast", ["s"], ["t"], to=TensorProto.BOOL), choice("t"),
             node("Relu", ["m"], ["y"])]
    with pytest.raises(Refused):
        run_model(network(nodes, [W]), [np.ones((1, 3, 8, 8), np.float32)])


@pytest.mark.parametrize("opset", range(7, onnx.defs.onnx_opset_version() + 1))
def test_every_opset(opset):
    models = [network([CONV, RELU], [W], opset=version) for version in (17, opset)]
    x = RNG.standard_normal((2, 3, 8, 8), dtype=np.float32)
    np.testing.assert_array_equal(*(run_model(model, [x])[0] for model in models))


def test_a_batch_that_is_fixed_to_one_image_inside():
    """Declared dynamic, but the graph only works for one image: it runs one image at a time."""
    nodes = [node("Reshape", ["x", "s"], ["r"]), node("MatMul", ["r", "m"], ["y"])]
    model = network(nodes, [constant("s", np.array([1, 192])), constant("m", RNG.standard_normal((192, 5), dtype=np.float32))])
    agrees(model, batch=1)


@pytest.mark.parametrize("arguments", [[], ["model.onnx"], ["model.onnx", "two"], ["model.onnx", "0"], ["a", "1", "b"]])
def test_onnxrun_called_wrongly_says_how_it_is_called(arguments):
    done = run([tool("onnxrun"), *arguments])
    assert done.returncode == 64 and not done.stdout and done.stderr.startswith(b"onnxrun: usage: onnxrun MODEL THREADS")
