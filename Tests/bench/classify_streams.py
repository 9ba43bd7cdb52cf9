"""A stream of images on two processors: images per second of classify with one and two threads, and of OpenVINO with two streams.

As a peer: classify_streams.py MODEL THREADS IMAGES [PRECISION], which loads the network, prints a line, and for every line read runs
so many images and prints the seconds they took. PRECISION is float32, or default for OpenVINO's own choice.
"""

import io
import json
import subprocess
import sys
import tarfile
import time

import numpy as np

from classify_processes import start
from support.tools import BIN

IMAGES, ROUNDS = 100, 5


def pixels(count):
    """So many (224, 224, 3) images."""
    return np.random.default_rng(0).integers(0, 256, (count, 224, 224, 3), dtype=np.uint8)


def archive(images, target):
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as tar:
        for index, image in enumerate(images):
            tensor = io.BytesIO()
            np.save(tensor, image)
            member = tarfile.TarInfo(f"{index}.npy")
            member.size = tensor.tell()
            tensor.seek(0)
            tar.addfile(member, tensor)


class Streams:
    """OpenVINO for throughput, the pixels' arithmetic in its own graph."""

    settings = "THROUGHPUT, two streams, INFERENCE_PRECISION_HINT f32, pixels in, AsyncInferQueue"

    def __init__(self, model, threads, precision="float32"):
        import openvino
        from openvino.preprocess import ColorFormat, PrePostProcessor

        core = openvino.Core()
        network = core.read_model(model)
        network.reshape({network.inputs[0].any_name: [1, 3, 224, 224]})
        steps = PrePostProcessor(network)
        steps.input().tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC")).set_color_format(
            ColorFormat.RGB)
        steps.input().model().set_layout(openvino.Layout("NCHW"))
        steps.input().preprocess().convert_element_type(openvino.Type.f32).mean(
            [255 * x for x in (.485, .456, .406)]).scale([255 * x for x in (.229, .224, .225)])
        compiled = core.compile_model(steps.build(), "CPU", {
            "PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": threads, "INFERENCE_NUM_THREADS": threads,
            **({"INFERENCE_PRECISION_HINT": "f32"} if precision == "float32" else {})})
        self.queue = openvino.AsyncInferQueue(compiled, 2 * threads)
        self.queue.set_callback(lambda request, name: self.deliver(name, request.get_output_tensor().data))
        self.deliver = lambda name, scores: None

    def begin(self, name, image):
        self.queue.start_async({0: image[None]}, userdata=name)

    def finish(self):
        self.queue.wait_all()


def ours(model, tensors, threads, *flags):
    """Images per second from the first image's arrival to the last's answer, as --stats counts them."""
    with open(tensors, "rb") as file:
        done = start([BIN / "classify", "--model", model, "--threads", threads, "--stats", *flags], threads, stdin=file,
                     stderr=subprocess.PIPE)
    _, statistics = done.communicate()
    if done.returncode != 0:
        raise RuntimeError(statistics.decode())
    return json.loads(statistics.splitlines()[-1])["imagesPerSecond"]


def beside_default(model, tensors, rounds, images, *flags):
    """The median milliseconds per image of a stream on two processors, interleaved: classify with `flags`, and OpenVINO with two
    streams in the precision of its own choice."""
    peer = start([sys.executable, __file__, model, 2, images, "default"], 2, stderr=subprocess.DEVNULL)
    peer.stdout.readline()
    own, others = [], []
    for _ in range(rounds):
        own.append(1e3 / ours(model, tensors, 2, *flags))
        peer.stdin.write(b"\n")
        peer.stdin.flush()
        others.append(1e3 * float(peer.stdout.readline()) / images)
    peer.communicate()
    return float(np.median(own)), float(np.median(others))


def report(models, folder, names):
    """Prints the table of the networks `names`; `models` are their files by their endings."""
    tensors = folder / "stream.tar"
    archive(pixels(IMAGES), tensors)
    print(f"\nA stream of {IMAGES} images on two processors, images per second, median of {ROUNDS} interleaved rounds:\n")
    print("| network | classify, 1 thread | classify, 2 threads | to 1 thread | OpenVINO, two streams | time to OpenVINO |")
    print("|---|---|---|---|---|---|")
    for name in names:
        model = models[name][".onnx"]
        peer = start([sys.executable, __file__, model, 2, IMAGES], 2, stderr=subprocess.DEVNULL)
        peer.stdout.readline()
        samples = {1: [], 2: [], "peer": []}
        for _ in range(ROUNDS):
            for threads in (1, 2):
                samples[threads].append(ours(model, tensors, threads))
            peer.stdin.write(b"\n")
            peer.stdin.flush()
            samples["peer"].append(IMAGES / float(peer.stdout.readline()))
        peer.communicate()
        one, two, other = (float(np.median(values)) for values in samples.values())
        print(f"| {name} | {one:.1f} | {two:.1f} | {two / one:.2f} | {other:.1f} | {other / two:.2f} |", flush=True)


def main():
    model, threads, images = sys.argv[1], int(sys.argv[2]), pixels(int(sys.argv[3]))
    engine = Streams(model, threads, *sys.argv[4:5])
    for _ in range(2):
        for index, image in enumerate(images[:4]):
            engine.begin(index, image)
        engine.finish()
    print("ready", flush=True)
    for _ in sys.stdin:
        before = time.perf_counter()
        for index, image in enumerate(images):
            engine.begin(index, image)
        engine.finish()
        print(time.perf_counter() - before, flush=True)


if __name__ == "__main__":
    main()
