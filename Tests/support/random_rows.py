"""Random small graphs of matrix products, normalizations and views, as attention models have them."""

import numpy as np
from onnx import helper

from support.random_graph import RandomGraph


class Rows(RandomGraph):
    """Values have two to four axes after the batch."""

    def choose_input(self):
        return int(self.rng.integers(2, 10)), int(self.rng.choice([4, 6, 8, 12, 18, 24, 40]))

    def list(self, *numbers):
        return self.constant(np.array(numbers, np.int64))

    def scalar(self):
        return self.constant(np.float32(self.rng.choice([0.125, 0.5, 1.7, -0.3])))

    def either_order(self, a, b):
        return [a, b] if self.rng.random() < 0.5 else [b, a]

    def product(self):
        """A product with constant weights, and what exporters write behind it."""
        name, shape = self.pick()
        columns = int(self.rng.choice([shape[-1], 4, 8, 12, 24, 33]))
        if shape[-1] > 200:
            return
        rows, shape = shape[-1], (*shape[:-1], columns)
        y = self.node("MatMul", [name, self.matrix(rows, columns)], shape, keep=self.rng.random() < 0.2)
        for _ in range(int(self.rng.integers(0, 4))):
            kind = self.rng.choice(["bias", "factor", "number", "view", "activation", "residual"])
            keep = self.rng.random() < 0.2
            if kind == "bias":
                y = self.node("Add", self.either_order(y, self.weights(columns)), shape, keep)
            elif kind == "factor":
                y = self.node("Mul", self.either_order(y, self.weights(columns)), shape, keep)
            elif kind == "number":
                y = self.node(self.rng.choice(["Mul", "Add", "Div", "Sub"]), [y, self.scalar()], shape, keep)
            elif kind == "view":
                y = self.node("Reshape", [y, self.list(-1, columns)], None, keep=False)
                y = self.node("Reshape", [y, self.list(-1, *shape)], shape, keep)
            elif kind == "activation":
                y = self.activate(y, shape)
            else:
                same = [other for other, s in self.values if s == shape]
                if same:
                    y = self.node("Add", self.either_order(y, str(self.rng.choice(same))), shape, keep)
        self.values.append((y, shape))

    def matrix(self, rows, columns):
        return self.constant(self.rng.standard_normal((rows, columns), dtype=np.float32) / np.float32(np.sqrt(rows)))

    def activate(self, x, shape):
        kind = self.rng.choice(["Relu", "Sigmoid", "Tanh", "gelu", "silu", "quick"])
        if kind == "gelu":
            y = self.node("Div", [x, self.constant(np.float32(np.sqrt(2)))], None, keep=False)
            y = self.node("Erf", [y], None, keep=False)
            y = self.node("Add", [y, self.constant(np.float32(1))], None, keep=False)
            y = self.node("Mul", [x, y], None, keep=False)
            return self.node("Mul", [y, self.constant(np.float32(0.5))], shape, keep=False)
        if kind == "silu":
            return self.node("Mul", [x, self.node("Sigmoid", [x], None, keep=False)], shape, keep=False)
        if kind == "quick":
            y = self.node("Mul", [x, self.constant(np.float32(1.702))], None, keep=False)
            return self.node("Mul", [x, self.node("Sigmoid", [y], None, keep=False)], shape, keep=False)
        return self.node(kind, [x], shape, keep=False)

    def activation(self):
        name, shape = self.pick()
        self.values.append((self.activate(name, shape), shape))

    def normalization(self):
        name, shape = self.pick()
        inputs = [name, self.weights(shape[-1])] + ([self.weights(shape[-1])] if self.rng.random() < 0.7 else [])
        self.node("LayerNormalization", inputs, shape, axis=-1, epsilon=1e-2)

    def composed_normalization(self):
        """As older exporters wrote it."""
        name, shape = self.pick()
        mean = self.node("ReduceMean", [name, self.list(-1)], None, keep=False)
        centred = self.node("Sub", [name, mean], None, keep=False)
        squared = self.node("Pow", [centred, self.constant(np.float32(2))], None, keep=False)
        variance = self.node("ReduceMean", [squared, self.list(-1)], None, keep=False)
        deviation = self.node("Sqrt", [self.node("Add", [variance, self.constant(np.float32(1e-2))], None, keep=False)],
                              None, keep=False)
        y = self.node("Div", [centred, deviation], shape)
        y = self.node("Mul", [y, self.weights(shape[-1])], shape, keep=False)
        self.node("Add", [y, self.weights(shape[-1])], shape)

    def arithmetic(self):
        name, shape = self.pick()
        operator = self.rng.choice(["Add", "Sub", "Mul"])
        same = [other for other, s in self.values if s == shape]
        other = self.rng.choice([str(self.rng.choice(same)), "number", "row", "column"])
        if other == "number":
            other = self.scalar()
        elif other == "row":
            other = self.weights(1, shape[-1])
        elif other == "column":
            other = self.weights(shape[-2], 1)
        self.node(operator, self.either_order(name, other), shape)

    def softmax(self):
        name, shape = self.pick()
        self.node("Softmax", [name], shape, axis=-1)

    def transpose(self):
        name, shape = self.pick()
        order = self.rng.permutation(len(shape)) + 1
        self.node("Transpose", [name], tuple(shape[i - 1] for i in order), perm=[0, *map(int, order)])

    def reshape(self):
        """Two axes become one, or one becomes two."""
        name, shape = self.pick()
        if len(shape) > 2 and self.rng.random() < 0.6:
            at = int(self.rng.integers(0, len(shape) - 1))
            new = (*shape[:at], shape[at] * shape[at + 1], *shape[at + 2:])
        elif len(shape) < 4:
            at = int(self.rng.integers(0, len(shape)))
            part = int(self.rng.choice([p for p in range(1, shape[at] + 1) if shape[at] % p == 0]))
            new = (*shape[:at], part, shape[at] // part, *shape[at + 1:])
        else:
            return
        first = int(self.rng.choice([0, -1]))
        self.node("Reshape", [name, self.list(first, *new)], new)

    def slice(self):
        name, shape = self.pick()
        axis = int(self.rng.integers(0, len(shape)))
        start, step = int(self.rng.integers(0, shape[axis])), int(self.rng.integers(1, 3))
        end = int(self.rng.integers(start + 1, shape[axis] + 1))
        new = (*shape[:axis], len(range(start, end, step)), *shape[axis + 1:])
        self.node("Slice", [name, self.list(start), self.list(end), self.list(axis + 1), self.list(step)], new)

    def split(self):
        name, shape = self.pick()
        axis = int(self.rng.integers(0, len(shape)))
        parts = [p for p in (2, 3) if shape[axis] % p == 0]
        if not parts:
            return
        part = int(self.rng.choice(parts))
        size = shape[axis] // part
        self.count += 1
        outputs = [f"s{self.count}_{i}" for i in range(part)]
        self.nodes.append(helper.make_node("Split", [name, self.list(*[size] * part)], outputs, axis=axis + 1))
        self.values += [(output, (*shape[:axis], size, *shape[axis + 1:])) for output in outputs]

    def concat(self):
        name, shape = self.pick()
        axis = int(self.rng.integers(0, len(shape)))
        fits = [(o, s) for o, s in self.values
                if len(s) == len(shape) and all(a == b for i, (a, b) in enumerate(zip(s, shape)) if i != axis)]
        others = [fits[i] for i in self.rng.integers(0, len(fits), int(self.rng.integers(1, 3)))]
        size = shape[axis] + sum(s[axis] for _, s in others)
        if size < 100:
            self.node("Concat", [name, *(o for o, _ in others)], (*shape[:axis], size, *shape[axis + 1:]), axis=axis + 1)

    def computed_product(self):
        """A product of two computed values: one with another, or with itself turned."""
        name, shape = self.pick()
        fits = [(o, s) for o, s in self.values if len(s) == len(shape) and s[:-2] == shape[:-2] and s[-2] == shape[-1]]
        if fits and self.rng.random() < 0.7:
            other, (*_, columns) = fits[self.rng.integers(len(fits))]
        else:
            fits = [(o, s) for o, s in self.values if len(s) == len(shape) and s[:-2] == shape[:-2] and s[-1] == shape[-1]]
            other, (*rest, columns, width) = fits[self.rng.integers(len(fits))]
            axes = list(range(len(shape) + 1))
            other = self.node("Transpose", [other], (*rest, width, columns), keep=self.rng.random() < 0.2,
                              perm=[*axes[:-2], axes[-1], axes[-2]])
        y = self.node("MatMul", [name, other], (*shape[:-1], columns), keep=self.rng.random() < 0.3)
        y = self.node("Mul", self.either_order(y, self.scalar()), (*shape[:-1], columns), keep=self.rng.random() < 0.3)
        self.values.append((y, (*shape[:-1], columns)))

    def attention(self):
        """Queries, keys and values of one value, in a few of the orders that exporters choose."""
        name, shape = self.pick()
        if len(shape) != 2 or shape[1] > 64:
            return
        tokens, width = shape
        heads = int(self.rng.choice([h for h in (1, 2, 3, 4) if width % h == 0]))
        depth = width // heads
        if self.rng.random() < 0.5:
            y = self.node("MatMul", [name, self.matrix(width, 3 * width)], None, keep=False)
            y = self.node("Reshape", [y, self.list(-1, tokens, 3, heads, depth)], None, keep=False)
            y = self.node("Transpose", [y], None, keep=False, perm=[2, 0, 3, 1, 4])
            parts = [self.node("Gather", [y, self.constant(np.int64(i))], None, keep=False, axis=0) for i in range(3)]
        else:
            parts = []
            for _ in range(3):
                y = self.node("MatMul", [name, self.matrix(width, width)], None, keep=False)
                if self.rng.random() < 0.5:
                    y = self.node("Add", self.either_order(self.weights(width), y), None, keep=False)
                y = self.node("Reshape", [y, self.list(-1, tokens, heads, depth)], None, keep=False)
                parts.append(self.node("Transpose", [y], None, keep=False, perm=[0, 2, 1, 3]))
        q, k, v = parts
        scale = self.constant(np.float32(depth ** -0.5))
        early = self.rng.random() < 0.5
        if early:
            q = self.node("Mul", [q, scale], None, keep=False)
        k = self.node("Transpose", [k], None, keep=False, perm=[0, 1, 3, 2])
        scores = self.node("MatMul", [q, k], (heads, tokens, tokens), keep=False)
        if not early:
            scores = self.node("Div" if self.rng.random() < 0.3 else "Mul", [scores, scale], None, keep=False)
        if self.rng.random() < 0.4:
            bias = self.weights(*[(1, heads, tokens, tokens), (heads, 1, tokens), (tokens, tokens)][self.rng.integers(3)])
            scores = self.node("Add", self.either_order(scores, bias), None, keep=False)
        weights = self.node("Softmax", [scores], (heads, tokens, tokens), keep=self.rng.random() < 0.1, axis=-1)
        y = self.node("MatMul", [weights, v], (heads, tokens, depth), keep=self.rng.random() < 0.1)
        y = self.node("Transpose", [y], None, keep=False, perm=[0, 2, 1, 3])
        self.node("Reshape", [y, self.list(-1, tokens, width)], shape)

    STEPS = ["product"] * 6 + ["computed_product"] * 4 + ["attention"] * 4 + ["reshape"] * 3 + ["transpose"] * 3 + [
        "normalization", "composed_normalization"] + ["arithmetic"] * 2 + ["activation", "softmax", "slice", "split", "concat"]

    def model(self, batch):
        name, shape = self.values[-1]
        return self.finished(self.node("Flatten", [name], None, keep=False), batch)
