"""A random graph that grows node by node."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper


class RandomGraph:
    """Every node reads values that exist. A subclass has STEPS, the names of its methods that add nodes."""

    STEPS = []

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.constants, self.count = [], [], 0
        self.input_shape = self.choose_input()
        self.values = [("x", self.input_shape)]
        for _ in range(int(self.rng.integers(3, 14))):
            getattr(self, self.rng.choice(self.STEPS))()

    def choose_input(self):
        """The input's shape without the batch."""
        raise NotImplementedError

    def constant(self, array):
        self.count += 1
        name = f"c{self.count}"
        self.constants.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weights(self, *shape):
        scale = np.float32(1 / np.sqrt(max(1, np.prod(shape[1:]))))
        return self.constant(self.rng.standard_normal(shape, dtype=np.float32) * scale)

    def node(self, operator, inputs, shape, keep=True, **attributes):
        self.count += 1
        name = f"v{self.count}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        if keep:
            self.values.append((name, shape))
        return name

    def pick(self):
        # Mostly what is newest, so that chains form; sometimes an old value, so that values have several readers.
        if self.rng.random() < 0.7:
            return self.values[-1]
        return self.values[self.rng.integers(len(self.values))]

    def finished(self, output, batch):
        """The model; sometimes an inner value is an output too."""
        outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
        if self.rng.random() < 0.4 and len(self.values) > 1:
            inner = self.values[self.rng.integers(1, len(self.values))][0]
            outputs.append(helper.make_tensor_value_info(inner, TensorProto.FLOAT, None))
        graph = helper.make_graph(
            self.nodes, "random",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *self.input_shape])], outputs, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
