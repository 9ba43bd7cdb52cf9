"""Times classify compared with its peers and prints one table; see classify.sh."""

import datetime
import json
import os
import pathlib
import subprocess
import sys

import numpy as np

import classify_bf16
import classify_cold
import classify_int8
import classify_models
import classify_pipelines
import classify_streams
from classify_engines import PEERS, ratio, version
from classify_processes import Classify, Peer, agree, agree_first, interleave, killed_at_end, start
from support.tools import BIN, ROOT

# Many short rounds: what disturbs a machine lasts for seconds, and should be spread over all of them.
ROUNDS, REPETITIONS = 10, 4
QUICK_ROUNDS, QUICK_REPETITIONS = 5, 2  # Of batches of several images, with --quick.
SEVERAL = ((1, 1), (1, 2), (8, 2))
NETWORKS = {  # (batch, threads)
    "resnet50_v1": SEVERAL, "resnet50_v1.5": SEVERAL, "squeezenet": ((1, 1),), "mobilenet_v2": ((1, 1),),
    "densenet121": ((1, 1),), "vgg19": ((1, 1),), "resnet18": ((1, 1),)}
FOLDER = ROOT / ".build" / "bench-models"


def peak():
    """GFLOPS of one core's fused multiply-adds, and the bits of its vectors."""
    program = FOLDER / "peak"
    compiler = os.environ.get("CC", "cc")
    source = pathlib.Path(__file__).with_name("classify_peak.c")
    subprocess.run([compiler, "-O3", "-march=native", "-ffp-contract=fast", "-o", program, source], check=True)
    rate, bits = start([program], 1).communicate()[0].split()
    return float(rate), int(bits)


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def multiply_adds(model):
    described = subprocess.run([BIN / "classify", "--model", model, "--describe"], capture_output=True, check=True)
    return json.loads(described.stdout)["multiplyAdds"]


def compare(models, batch, threads, rounds, repetitions):
    """The (median, p95) milliseconds per image of every engine and its peak RSS in MiB; answers are compared first."""
    engines = {name: Peer(name, models[kind.suffix], batch, threads) for name, kind in PEERS.items()}
    with killed_at_end(engines):
        for peer in engines.values():
            peer.ready()
        # Last, since its first run is counted: no other process is still loading.
        engines["classify"] = Classify(models[".onnx"], batch, threads)
        engines["classify"].ready()
        check(engines, models[".onnx"])
        interleave(engines, rounds, repetitions)
        names = ["classify", *PEERS]
        memory = {name: engines[name].peak_rss() for name in names}
        return {name: engines[name].result() for name in names}, memory


def check(engines, model):
    """Nothing is timed whose answers are not onnxruntime's."""
    reference = engines["onnxruntime"].answers
    wrong = [name for name in PEERS if not agree(engines[name].answers, reference)]
    if not agree_first(engines["classify"].answers, reference):
        wrong.append("classify")
    if wrong:
        raise RuntimeError(f"{model}: answers differ from onnxruntime's: {', '.join(wrong)}")


def row(name, batch, threads, times, limit, macs):
    mine, best = times["classify"][0], min(times[peer][0] for peer in PEERS)
    cells = [f"{median:.1f} ({late:.1f})" for median, late in times.values()]
    share = 2 * macs / (mine * 1e-3) / 1e9 / limit / threads
    to_openvino = ratio(mine, times.get("OpenVINO", (None,))[0])
    return (f"| {name} | {batch} | {threads} | {' | '.join(cells)} | {to_openvino} | {mine / best:.2f} | "
            f"{share:.0%} |")


def main(arguments):
    quick = "--quick" in arguments
    names = [name for name in arguments if not name.startswith("--")] or (["resnet50_v1"] if quick else list(NETWORKS))
    models = {name: classify_models.paths(name, FOLDER) for name in names}
    if "--models" in arguments:
        return
    if "--bf16" in arguments:
        return classify_bf16.report(models, FOLDER, names)
    if "--int8" in arguments:
        return classify_int8.report(models, FOLDER, names)
    limit, bits = peak()
    fewer = f" ({QUICK_ROUNDS} of {QUICK_REPETITIONS} where a batch is of several images)" if quick else ""
    print(f"{datetime.date.today()}, {processor()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; one core "
          f"does {limit:.1f} GFLOPS of {bits}-bit fused multiply-adds. Milliseconds per image: median (95th percentile) of "
          f"{ROUNDS} interleaved rounds of {REPETITIONS} repetitions{fewer}. The share of the machine's peak counts "
          "every convolution as a direct one: Winograd's, which multiply less, may pass 100 %.\n")
    print(f"| network | batch | threads | classify | {' | '.join(PEERS)} | to OpenVINO | to the best | share of peak |")
    print("|---" * (6 + 1 + len(PEERS)) + "|")
    memory = {}
    for name in names:
        for batch, threads in NETWORKS[name]:
            repeated = (QUICK_ROUNDS, QUICK_REPETITIONS) if quick and batch > 1 else (ROUNDS, REPETITIONS)
            times, peaks = compare(models[name], batch, threads, *repeated)
            memory.setdefault(name, peaks)
            print(row(name, batch, threads, times, limit, multiply_adds(models[name][".onnx"])), flush=True)
    print(f"\nPeak RSS, MiB, batch 1, one thread:\n\n| network | classify | {' | '.join(PEERS)} | to LiteRT |")
    print("|---" * (3 + len(PEERS)) + "|")
    for name, peaks in memory.items():
        cells = " | ".join(f"{value:.0f}" for value in peaks.values())
        print(f"| {name} | {cells} | {ratio(peaks['classify'], peaks.get('LiteRT'))} |")
    streamed = [name for name in names if name.startswith("resnet50")]
    if streamed and "OpenVINO" in PEERS:
        classify_bf16.report(models, FOLDER, streamed)
        classify_int8.report(models, FOLDER, streamed)
        classify_streams.report(models, FOLDER, streamed)
        classify_pipelines.report(models[streamed[-1]][".onnx"], FOLDER, streamed[-1])
    if "resnet50_v1" in names:
        classify_cold.report(models["resnet50_v1"], FOLDER)
    print("\n" + "\n".join(f"- {name} {version(peer)}: {peer.settings}" for name, peer in PEERS.items()))


if __name__ == "__main__":
    main(sys.argv[1:])
