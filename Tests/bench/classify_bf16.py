"""classify --precision bf16 compared with OpenVINO as it runs by default, in bfloat16 where the processor has it: one image on one and two
threads, and a stream of images on two."""

import sys

import classify_streams
from classify_engines import BY_DEFAULT
from classify_processes import Classify, Peer, medians

ROUNDS, REPETITIONS = 10, 4
STREAM_ROUNDS, IMAGES = 5, 150
FLAGS = ("--precision", "bf16")


def latency(model, threads):
    """The median milliseconds of classify and of OpenVINO, interleaved."""
    peer, ours = Peer(BY_DEFAULT, model, 1, threads), Classify(model, 1, threads, *FLAGS)
    times = medians({"OpenVINO": peer, "classify": ours}, ROUNDS, REPETITIONS)
    first = ours.answers[0][0][0]
    if peer.answers[0].argmax() != first:
        print(f"{model}: the first class is {first}, OpenVINO's {peer.answers[0].argmax()}", file=sys.stderr)
    return times["classify"], times["OpenVINO"]


def report(models, folder, names):
    """Prints the table of the networks `names`; `models` are their files by their endings."""
    if " avx512_bf16" not in open("/proc/cpuinfo").read():
        return print("\nThis processor has no AVX512_BF16: bf16 is not measured.")
    tensors = folder / "stream-bf16.tar"
    classify_streams.archive(classify_streams.pixels(IMAGES), tensors)
    print(f"\nclassify {' '.join(FLAGS)} compared with OpenVINO by default, ms per image: medians of {ROUNDS} interleaved rounds of "
          f"{REPETITIONS} repetitions, of {STREAM_ROUNDS} of {IMAGES} images for the stream.\n")
    print("| network | | classify | OpenVINO | to OpenVINO |\n|---|---|---|---|---|")
    for name in names:
        model = models[name][".onnx"]
        for label, (ours, theirs) in (
                ("1 thread", latency(model, 1)), ("2 threads", latency(model, 2)),
                ("a stream on 2 threads", classify_streams.beside_default(model, tensors, STREAM_ROUNDS, IMAGES, *FLAGS))):
            print(f"| {name} | {label} | {ours:.1f} | {theirs:.1f} | {ours / theirs:.2f} |", flush=True)
