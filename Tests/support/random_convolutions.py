"""Random small convolutional graphs."""

import numpy as np
from onnx import helper

from support.random_graph import RandomGraph


class Convolutions(RandomGraph):
    def choose_input(self):
        return (
            int(self.rng.choice([1, 2, 3, 4, 8, 12])), int(self.rng.integers(5, 15)), int(self.rng.integers(5, 15)))

    def conv(self, kernel=None, stride=None, groups=None):
        name, (c, h, w) = self.pick()
        k = kernel or int(self.rng.choice([1, 1, 2, 3, 3, 5]))
        s = stride or int(self.rng.choice([1, 1, 1, 2, 3]))
        d = int(self.rng.choice([1, 1, 2])) if k > 1 else 1
        g = int(self.rng.choice([g for g in range(1, c + 1) if c % g == 0])) if self.rng.random() < 0.3 else 1
        out = g * int(self.rng.integers(1, 9))
        inputs = [name, self.weights(out, c // g, k, k)]
        if self.rng.random() < 0.5:
            inputs.append(self.weights(out))
        attributes = {"strides": [s, s], "dilations": [d, d], "group": g}
        reach = d * (k - 1) + 1
        mode = self.rng.choice(["pads", "SAME_UPPER", "SAME_LOWER", "VALID"], p=[0.7, 0.1, 0.1, 0.1])
        if mode == "pads":
            pads = [int(p) for p in self.rng.integers(0, k, 4)]
            attributes["pads"] = pads
            h2, w2 = h + pads[0] + pads[2] - reach, w + pads[1] + pads[3] - reach
        elif mode == "VALID":
            attributes["auto_pad"] = mode
            h2, w2 = h - reach, w - reach
        else:
            attributes["auto_pad"] = mode
            if d > 1:
                return
            return self.node("Conv", inputs, (out, -(-h // s), -(-w // s)), **attributes)
        if h2 < 0 or w2 < 0:
            return None
        return self.node("Conv", inputs, (out, h2 // s + 1, w2 // s + 1), **attributes)

    def strided_pointwise(self):
        """What stride propagation looks for: a chain that ends in 1×1 convolutions of one stride."""
        name, (c, h, w) = self.pick()
        a = self.node("Conv", [name, self.weights(c, c, 3, 3)], (c, h, w), pads=[1] * 4)
        b = self.node("Relu", [a], (c, h, w))
        if self.rng.random() < 0.6:
            b = self.node("Add", [b, name], (c, h, w))
        if self.rng.random() < 0.5:
            b = self.node("Relu", [b], (c, h, w))
        out = int(self.rng.integers(1, 9))
        small = (out, (h - 1) // 2 + 1, (w - 1) // 2 + 1)
        left = self.node("Conv", [b, self.weights(out, c, 1, 1)], small, strides=[2, 2], keep=False)
        right = self.node("Conv", [b, self.weights(out, c, 1, 1)], small, strides=[2, 2], keep=False)
        self.values.pop()
        if self.rng.random() < 0.3:
            self.values.append((b, (c, h, w)))
        self.node("Add", [left, right], small)

    def batch_normalization(self):
        name, shape = self.pick()
        c = shape[0]
        self.node("BatchNormalization", [name, self.weights(c), self.weights(c), self.weights(c), self.constant(
            self.rng.random(c, dtype=np.float32) + 0.5)], shape)

    def activation(self):
        name, shape = self.pick()
        operator = self.rng.choice(["Relu", "Sigmoid", "HardSigmoid", "LeakyRelu", "HardSwish", "Clip"])
        inputs = [name]
        if operator == "Clip":
            inputs += [self.constant(np.float32(-0.5)), self.constant(np.float32(0.8))]
        self.node(operator, inputs, shape)

    def pool(self):
        name, (c, h, w) = self.pick()
        k, s = int(self.rng.integers(1, 4)), int(self.rng.integers(1, 4))
        if min(h, w) < k:
            return
        operator = self.rng.choice(["MaxPool", "AveragePool"])
        attributes = {"kernel_shape": [k, k], "strides": [s, s]}
        pad = int(self.rng.integers(0, (k + 1) // 2)) if k > 1 else 0
        attributes["pads"] = [pad] * 4
        if operator == "AveragePool":
            attributes["count_include_pad"] = int(self.rng.integers(2))
        self.node(operator, [name], (c, (h + 2 * pad - k) // s + 1, (w + 2 * pad - k) // s + 1), **attributes)

    def same_shape(self, shape):
        return [name for name, other in self.values if other == shape]

    def arithmetic(self):
        name, shape = self.pick()
        operator = self.rng.choice(["Add", "Sub", "Mul"])
        kind = self.rng.random()
        if kind < 0.5:
            other = self.rng.choice(self.same_shape(shape))
        elif kind < 0.7:
            other = self.weights(shape[0], 1, 1)
        elif kind < 0.8:
            other = self.weights(*shape)
        elif kind < 0.9:
            other = self.weights(1, shape[1], shape[2])
        else:
            other = self.node("GlobalAveragePool", [name], (shape[0], 1, 1), keep=False)
        inputs = [name, other] if self.rng.random() < 0.7 else [other, name]
        self.node(operator, inputs, shape)

    def add_conv(self):
        """A residual: a convolution added to what it reads."""
        name, (c, h, w) = self.pick()
        y = self.node("Conv", [name, self.weights(c, c, 3, 3)], (c, h, w), pads=[1] * 4, keep=self.rng.random() < 0.3)
        self.node(self.rng.choice(["Add", "Sum"]), [name, y] if self.rng.random() < 0.5 else [y, name], (c, h, w))

    def branches(self):
        """As networks with branches for training: convolutions of one value, and the value scaled, added."""
        name, (c, h, w) = self.pick()
        g, s = int(self.rng.choice([1, c])), int(self.rng.choice([1, 1, 2]))
        shape = (c, (h - 1) // s + 1, (w - 1) // s + 1)
        parts = []
        for k in self.rng.choice([1, 1, 3, 3, 5], int(self.rng.integers(2, 5))):
            k = int(k)
            inputs = [name, self.weights(c, c // g, k, k)] + ([self.weights(c)] if self.rng.random() < 0.5 else [])
            y = self.node("Conv", inputs, shape, keep=self.rng.random() < 0.1, group=g, strides=[s, s], pads=[k // 2] * 4)
            if self.rng.random() < 0.5:
                y = self.node("BatchNormalization", [y, self.weights(c), self.weights(c), self.weights(c), self.constant(
                    self.rng.random(c, dtype=np.float32) + 0.5)], shape, keep=False)
            parts.append(y)
        if s == 1 and self.rng.random() < 0.7:
            parts.insert(int(self.rng.integers(0, len(parts))), self.node(
                "BatchNormalization", [name, self.weights(c), self.weights(c), self.weights(c), self.constant(
                    self.rng.random(c, dtype=np.float32) + 0.5)], shape, keep=False))
        total = parts[0]
        for part in parts[1:]:
            total = self.node("Add", [total, part], shape, keep=False)
        self.values.append((self.node("Relu", [total], shape, keep=False), shape))

    def concat(self):
        name, shape = self.pick()
        others = [v for v in self.values if v[1][1:] == shape[1:]]
        parts = [(name, shape)] + [others[i] for i in self.rng.integers(0, len(others), int(self.rng.integers(1, 4)))]
        self.node("Concat", [p for p, _ in parts], (sum(s[0] for _, s in parts), *shape[1:]), axis=1)

    def split(self):
        name, (c, h, w) = self.pick()
        if c < 2:
            return
        first = int(self.rng.integers(1, c))
        self.count += 1
        outputs = [f"s{self.count}a", f"s{self.count}b"]
        self.nodes.append(helper.make_node("Split", [name, self.constant(np.array([first, c - first]))], outputs, axis=1))
        self.values += [(outputs[0], (first, h, w)), (outputs[1], (c - first, h, w))]

    def shuffle(self):
        name, (c, h, w) = self.pick()
        groups = [g for g in range(2, c) if c % g == 0]
        if not groups:
            return
        g = int(self.rng.choice(groups))
        a = self.node("Reshape", [name, self.constant(np.array([0, g, c // g, h, w]))], None, keep=False)
        b = self.node("Transpose", [a], None, keep=False, perm=[0, 2, 1, 3, 4])
        self.node("Reshape", [b, self.constant(np.array([0, c, h, w]))], (c, h, w))

    def transpose(self):
        name, (c, h, w) = self.pick()
        self.node("Transpose", [name], (w, c, h), perm=[0, 3, 1, 2])

    def slice(self):
        name, (c, h, w) = self.pick()
        if h < 4:
            return
        y = self.node("Slice", [name, self.constant(np.array([1])), self.constant(np.array([-1])), self.constant(
            np.array([2])), self.constant(np.array([1]))], (c, h - 2, w))

    def pad(self):
        name, (c, h, w) = self.pick()
        self.node("Pad", [name, self.constant(np.array([0, 0, 1, 0, 0, 0, 2, 1])), self.constant(np.float32(0.5))],
                  (c, h + 3, w + 1), mode=self.rng.choice(["constant", "edge", "reflect"]) if min(h, w) > 3 else "constant")

    def lrn(self):
        name, shape = self.pick()
        self.node("LRN", [name], shape, size=3, alpha=0.1)

    STEPS = ["conv"] * 5 + ["batch_normalization"] * 3 + ["activation"] * 3 + ["arithmetic"] * 3 + ["add_conv"] * 3 + [
        "concat"] * 3 + ["strided_pointwise", "branches"] * 2 + ["pool", "split", "shuffle", "transpose", "slice", "pad", "lrn"]

    def model(self, batch):
        """Ends as classifiers do."""
        name, (c, h, w) = self.values[-1]
        tail = self.rng.choice(["pool", "flatten", "mean", "view"])
        if tail == "pool":
            pooled = self.node("GlobalAveragePool", [name], None, keep=False)
            flat, width = self.node("Flatten", [pooled], None, keep=False), c
        elif tail == "mean":
            flat, width = self.node("ReduceMean", [name, self.constant(np.array([2, 3]))], None, keep=False, keepdims=0), c
        elif tail == "flatten":
            flat, width = self.node("Flatten", [name], None, keep=False), c * h * w
        else:
            shape = self.node("Shape", [name], None, keep=False)
            first = self.node("Gather", [shape, self.constant(np.array([0]))], None, keep=False)
            target = self.node("Concat", [first, self.constant(np.array([-1]))], None, keep=False, axis=0)
            flat, width = self.node("Reshape", [name, target], None, keep=False), c * h * w
        logits = self.node("Gemm", [flat, self.weights(7, width), self.weights(7)], None, keep=False, transB=1)
        last = self.node("Softmax", [logits], None, keep=False) if self.rng.random() < 0.5 else logits
        return self.finished(last, batch)
