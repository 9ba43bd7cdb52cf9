"""The peers: each loads a network with its own best float32 settings and answers (n, 3, 224, 224) with (n, classes).

Each is imported when it is made, so that a process pays only for the one it uses.
"""

import importlib.metadata

import numpy as np


class OpenVINO:
    package, module, suffix = "openvino", "openvino", ".onnx"
    settings = "LATENCY, one stream, INFERENCE_PRECISION_HINT f32, INFERENCE_NUM_THREADS"
    precision = {"INFERENCE_PRECISION_HINT": "f32"}

    def __init__(self, model, shape, threads):
        import openvino

        core = openvino.Core()
        network = core.read_model(model)
        network.reshape({network.inputs[0].any_name: list(shape)})
        self.request = core.compile_model(network, "CPU", {
            "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1,
            **self.precision}).create_infer_request()

    def prepare(self, images):
        return images

    def run(self, images):
        return self.request.infer([images], share_inputs=True, share_outputs=True)[0]


class OpenVINOByDefault(OpenVINO):
    """In bfloat16 where the processor has it: compared with classify's bf16 alone."""

    settings = "LATENCY, one stream, its own choice of precision, INFERENCE_NUM_THREADS"
    precision = {}


class OnnxRuntime:
    package, module, suffix = "onnxruntime", "onnxruntime", ".onnx"
    settings = "all optimisations, sequential, spinning allowed, intra_op_num_threads"

    def __init__(self, model, shape, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "1")
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.input = self.session.get_inputs()[0].name

    def prepare(self, images):
        return images

    def run(self, images):
        return self.session.run(None, {self.input: images})[0]


class LiteRT:
    package, module, suffix = "ai-edge-litert", "ai_edge_litert.interpreter", ".tflite"
    settings = "XNNPACK (its default delegate), channels last, num_threads"

    def __init__(self, model, shape, threads):
        from ai_edge_litert.interpreter import Interpreter

        self.interpreter = Interpreter(model_path=model, num_threads=threads)
        self.input = self.interpreter.get_input_details()[0]["index"]
        if shape[0] > 1:
            self.interpreter.resize_tensor_input(self.input, (shape[0], *shape[2:], shape[1]))
        self.interpreter.allocate_tensors()
        self.output = self.interpreter.get_output_details()[0]["index"]

    def prepare(self, images):
        return np.ascontiguousarray(images.transpose(0, 2, 3, 1))

    def run(self, images):
        self.interpreter.set_tensor(self.input, images)
        self.interpreter.invoke()
        return self.interpreter.get_tensor(self.output)


class NCNN:
    package, module, suffix = "ncnn", "ncnn", ".param"
    settings = "Winograd, sgemm and packed layout on, fp16 and bf16 off, one image after another, num_threads"

    def __init__(self, model, shape, threads):
        import ncnn

        self.matrix, self.net = ncnn.Mat, ncnn.Net()
        options = self.net.opt
        options.num_threads, options.lightmode, options.use_vulkan_compute = threads, True, False
        options.use_winograd_convolution = options.use_sgemm_convolution = options.use_packing_layout = True
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = options.use_bf16_storage = False
        self.net.load_param(model)
        self.net.load_model(model.removesuffix(".param") + ".bin")

    def prepare(self, images):
        return [self.matrix(image).clone() for image in images]

    def run(self, images):
        answers = []
        for image in images:
            extractor = self.net.create_extractor()
            extractor.input("data", image)
            answers.append(np.array(extractor.extract("output")[1]).ravel())
        return np.stack(answers)


def version(peer):
    """None where it is not installed."""
    try:
        return importlib.metadata.version(peer.package)
    except importlib.metadata.PackageNotFoundError:
        return None


ALL = {"OpenVINO": OpenVINO, "onnxruntime": OnnxRuntime, "LiteRT": LiteRT, "ncnn": NCNN}
BY_DEFAULT = "OpenVINO by default"
PEERS = {name: peer for name, peer in ALL.items() if version(peer)}


def ratio(ours, theirs):
    """Ours to a peer's, as the tables have it; a dash where the peer is not installed."""
    return "–" if theirs is None else f"{ours / theirs:.2f}"
