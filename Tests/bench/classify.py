"""Times classify beside its peers and prints one table; see classify.sh."""

import datetime
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import classify_models
from support.tools import BIN, ROOT

QUICK = "--quick" in sys.argv
REPETITIONS = 40
ROUNDS = 1 if QUICK else 2
PEERS = ("openvino", "onnxruntime")
NETWORKS = {
    "resnet50_v1": ((1, 1), (1, 2), (8, 2)), "resnet50_v1.5": ((1, 1), (1, 2), (8, 2)), "squeezenet": ((1, 1),),
    "mobilenet_v2": ((1, 1),), "densenet121": ((1, 1),), "vgg19": ((1, 1),), "resnet18": ((1, 1),)}


def pinned(command, threads, **options):
    cpus = ",".join(map(str, sorted(os.sched_getaffinity(0))[:threads]))
    return subprocess.run(["taskset", "-c", cpus] + [str(c) for c in command], capture_output=True, check=True, **options)


def ours(model, batch, threads):
    """Milliseconds per image (every batch once), and what --stats says."""
    with tempfile.TemporaryFile() as tensor:
        images = np.random.default_rng(0).standard_normal((batch, 3, 224, 224), dtype=np.float32)
        np.save(tensor, np.concatenate([images] * (REPETITIONS if batch == 1 else 10)))
        tensor.seek(0)
        done = pinned([BIN / "classify", "--model", model, "--threads", threads, "--batch", batch, "--top", 1, "--stats"],
                      threads, stdin=tensor)
    return json.loads(done.stderr.splitlines()[-1])


def peer(engine, model, batch, threads, repetitions=None):
    script = pathlib.Path(__file__).with_name("classify_peer.py")
    repetitions = repetitions or (REPETITIONS if batch == 1 else 10)
    done = pinned([sys.executable, script, engine, model, batch, threads, repetitions], threads)
    return json.loads(done.stdout.splitlines()[-1])


def peak():
    """GFLOPS of one core: numpy's matrix product, single precision, the machine's own measure of what can be had."""
    code = ("import numpy as n,time;a=n.ones((1536,1536),n.float32);b=a.copy();t=[]\nfor _ in range(12):\n"
            " s=time.perf_counter();a@b;t.append(time.perf_counter()-s)\nprint(2*1536**3/min(t)/1e9)")
    done = pinned([sys.executable, "-c", code], 1, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    return float(done.stdout)


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown"


def main():
    folder = ROOT / ".build" / "bench-models"
    limit = peak()
    print(f"{datetime.date.today()}, {processor()}, {os.cpu_count()} cores; one core's sgemm peak {limit:.0f} GFLOPS. "
          f"Median ms per image (10th–90th percentile), {REPETITIONS} repetitions, {ROUNDS} interleaved round(s).\n")
    print("| network | batch | threads | classify | openvino f32 | onnxruntime | to OpenVINO | to the better | share of peak |")
    print("|---|---|---|---|---|---|---|---|---|")
    settings, memory = {}, {}
    for name, configurations in NETWORKS.items():
        if QUICK and name != "resnet50_v1":
            continue
        model = classify_models.path(name, folder)
        described = subprocess.run([str(BIN / "classify"), "--model", str(model), "--describe"], capture_output=True)
        macs = json.loads(described.stdout).get("multiplyAdds", 0) if described.returncode == 0 else 0
        for batch, threads in configurations:
            if batch > 1 and name not in ("resnet50_v1", "resnet50_v1.5"):
                continue
            mine, others = [], {engine: [] for engine in PEERS}
            for _ in range(ROUNDS):
                stats = ours(model, batch, threads)
                mine.append(stats["perImageMs"])
                memory.setdefault(name, {}).setdefault("classify", stats["peakRssMiB"])  # of the first: batch 1, one thread
                for engine in PEERS:
                    result = peer(engine, model, batch, threads)
                    others[engine] += result["ms"]
                    settings[engine] = result["settings"]
                    memory[name].setdefault(engine, result["rssMiB"])
            ms = min(m["median"] for m in mine)
            medians = {engine: float(np.median(samples)) for engine, samples in others.items()}
            cells = [f"{medians[e]:.1f} ({np.percentile(others[e], 10):.1f}–{np.percentile(others[e], 90):.1f})" for e in PEERS]
            share = 2 * macs / (ms * 1e-3) / 1e9 / limit / threads
            print(f"| {name} | {batch} | {threads} | {ms:.1f} (p95 {min(m['p95'] for m in mine):.1f}) | {cells[0]} | {cells[1]} | "
                  f"{ms / medians['openvino']:.2f} | {ms / min(medians.values()):.2f} | {share:.0%} |", flush=True)
    print("\nPeak RSS at batch 1, MiB: " + "; ".join(
        f"{name}: " + ", ".join(f"{who} {value:.0f}" for who, value in values.items()) for name, values in memory.items()))
    print("Settings: " + "; ".join(f"{engine}: {text}" for engine, text in settings.items()))
    start_up(classify_models.path("resnet50_v1", folder))


def start_up(model):
    """Process start to first prediction, one float32 image, two threads, warm page cache; medians of five."""
    image = io.BytesIO()
    np.save(image, np.random.default_rng(0).standard_normal((1, 3, 224, 224), dtype=np.float32))
    threads = min(2, os.cpu_count())
    mine = []
    for _ in range(5):
        done = pinned([BIN / "classify", "--model", model, "--threads", threads, "--stats"], threads, input=image.getvalue())
        mine.append(json.loads(done.stderr.splitlines()[-1])["firstPredictionMs"])
    print(f"\nStart to first prediction, resnet50_v1, ms: classify {np.median(mine):.0f}", end="")
    for engine in PEERS:
        results = [peer(engine, model, 1, threads, repetitions=1) for _ in range(3)]
        print(f"; {engine} {np.median([r['firstMs'] for r in results]):.0f} "
              f"(imports {np.median([r['importMs'] for r in results]):.0f} of them)", end="")
    print()


main()
