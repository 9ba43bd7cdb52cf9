"""Quantized networks (QDQ, per channel) compared with onnxruntime and OpenVINO: one image on one and two threads, a stream of images on two;
and classify with AVX2 alone, in int8 compared with its own float32."""

import os
from unittest import mock

import classify_streams
from classify_engines import BY_DEFAULT, PEERS, ratio
from classify_processes import Classify, Peer, images, medians

ROUNDS, REPETITIONS = 10, 4
STREAM_ROUNDS, IMAGES = 5, 150


def quantized(source, target):
    """`source` as onnxruntime's static quantizer writes it: QDQ, u8 activations, s8 weights per channel."""
    if not target.exists():
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
        from onnxruntime.quantization.shape_inference import quant_pre_process
        import onnx

        prepared = target.with_suffix(".prepared")
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        name = onnx.load(prepared).graph.input[0].name

        class Images(CalibrationDataReader):
            def __init__(self):
                self.batches = iter([{name: images(4)[index:index + 1]} for index in range(4)])

            def get_next(self):
                return next(self.batches, None)

        quantize_static(str(prepared), str(target), Images(), quant_format=QuantFormat.QDQ, per_channel=True,
                        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
        prepared.unlink()
    return target


def latency(model, threads):
    engines = {}
    if "OpenVINO" in PEERS:
        engines["OpenVINO"] = Peer(BY_DEFAULT, model, 1, threads)
    engines["onnxruntime"] = Peer("onnxruntime", model, 1, threads)
    engines["classify"] = Classify(model, 1, threads)
    return medians(engines, ROUNDS, REPETITIONS)


def report(models, folder, names):
    """Prints the tables of the networks `names`; `models` are their files by their endings."""
    files = {name: quantized(models[name][".onnx"], folder / f"{name}-int8.onnx") for name in names}
    tensors = folder / "stream-int8.tar"
    classify_streams.archive(classify_streams.pixels(IMAGES), tensors)
    print(f"\nint8 (QDQ, per channel), ms per image: medians of {ROUNDS} interleaved rounds of {REPETITIONS} repetitions, of "
          f"{STREAM_ROUNDS} of {IMAGES} images for the stream.\n")
    print("| network | | classify | OpenVINO | onnxruntime | to the best |\n|---|---|---|---|---|---|")
    for name, model in files.items():
        rows = {"1 thread": latency(model, 1), "2 threads": latency(model, 2)}
        if "OpenVINO" in PEERS:
            ours, theirs = classify_streams.beside_default(model, tensors, STREAM_ROUNDS, IMAGES)
            rows["a stream on 2 threads"] = {"classify": ours, "OpenVINO": theirs}
        for label, times in rows.items():
            best = min(value for engine, value in times.items() if engine != "classify")
            cells = [f"{times[engine]:.1f}" if engine in times else "–" for engine in ("classify", "OpenVINO", "onnxruntime")]
            print(f"| {name} | {label} | {' | '.join(cells)} | {times['classify'] / best:.2f} |", flush=True)
    print("\nCLASSIFY_ISA=avx2, one thread, ms per image:\n\n| network | int8 | float32 | int8 to float32 |\n|---|---|---|---|")
    with mock.patch.dict(os.environ, CLASSIFY_ISA="avx2"):
        for name, model in files.items():
            times = medians(
                {"int8": Classify(model, 1, 1), "float32": Classify(models[name][".onnx"], 1, 1)}, ROUNDS, REPETITIONS)
            print(f"| {name} | {times['int8']:.1f} | {times['float32']:.1f} | {ratio(times['int8'], times['float32'])} |", flush=True)
