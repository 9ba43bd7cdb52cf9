"""One peer, one network, one process: classify_peer.py ENGINE MODEL BATCH THREADS REPETITIONS prints one JSON line."""

import json
import sys
import time

started = time.perf_counter()
engine, model, batch, threads, repetitions = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
import numpy as np

imported = time.perf_counter()
x = np.random.default_rng(0).standard_normal((batch, 3, 224, 224), dtype=np.float32)
if engine == "onnxruntime":
    import onnxruntime

    imported = time.perf_counter()
    settings = "sequential, all optimisations"
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    run = lambda: session.run(None, {name: x})[0]
elif engine == "openvino":
    import openvino

    imported = time.perf_counter()
    settings = "LATENCY, one stream, INFERENCE_PRECISION_HINT f32"
    core = openvino.Core()
    network = core.read_model(model)
    network.reshape({network.inputs[0].any_name: list(x.shape)})
    request = core.compile_model(network, "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1,
        "INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()
    run = lambda: request.infer([x], share_inputs=True, share_outputs=True)[0]
else:
    sys.exit(__doc__)


def peak_rss():
    """MiB since exec; ru_maxrss would count the process that started this one."""
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024


first = np.ravel(run())
ready = time.perf_counter()
samples = []
for _ in range(repetitions):
    before = time.perf_counter()
    run()
    samples.append((time.perf_counter() - before) * 1e3 / batch)
print(json.dumps({
    "ms": samples, "importMs": (imported - started) * 1e3, "firstMs": (ready - started) * 1e3, "top": int(first[:1000].argmax()),
    "rssMiB": peak_rss(), "settings": settings}))
