"""From nothing to the first prediction: a JPEG in, a class out, processes started each time, files in the page cache."""

import json
import os
import pathlib
import subprocess
import sys
import time

import numpy as np
from PIL import Image

from classify_engines import PEERS, ratio
from classify_processes import start
from support.tools import BIN, SHARED

REPETITIONS = 9


def photo(folder):
    """A real photo where the fixtures are, else one of smooth colours with some grain."""
    if SHARED is not None:
        return SHARED / "photos" / "golden-retriever.jpg"
    target = folder / "photo.jpg"
    if not target.exists():
        random = np.random.default_rng(2)
        coarse = Image.fromarray(random.integers(0, 256, (9, 12, 3), np.uint8))
        coarse = coarse.resize((1024, 768), Image.Resampling.BICUBIC)
        grain = random.normal(0, 8, (768, 1024, 3))
        Image.fromarray(np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8)).save(target, quality=90)
    return target


def ours(model, image, threads):
    """(milliseconds, None, class) of `imgdecode < image | classify`."""
    before = time.monotonic()
    with open(image, "rb") as file:
        decode = start([BIN / "imgdecode"], threads, stdin=file)
    classify = start([BIN / "classify", "--model", model, "--threads", threads], threads, stdin=decode.stdout)
    decode.stdout.close()
    line = classify.communicate()[0]
    if classify.returncode != 0 or decode.wait() != 0:
        raise RuntimeError("imgdecode | classify failed")
    return (time.monotonic() - before) * 1e3, None, json.loads(line)["predictions"][0]["index"]


def peer(engine, model, image, threads):
    """(milliseconds, those of them until everything was imported, class) of one Python process."""
    before = time.monotonic()
    script = pathlib.Path(__file__).with_name("classify_first.py")
    done = start([sys.executable, script, engine, model, image, threads, before], threads, stdin=subprocess.DEVNULL,
                 stderr=subprocess.DEVNULL)
    line = done.communicate()[0]
    elapsed = (time.monotonic() - before) * 1e3
    if done.returncode != 0:
        raise RuntimeError(f"{engine} fails on {image}")
    result = json.loads(line)
    return elapsed, result["importMs"], result["index"]


def report(models, folder):
    """Prints the table; `models` are the files of one network by their endings."""
    image, threads = photo(folder), min(2, len(os.sched_getaffinity(0)))
    runs = {"classify": lambda: ours(models[".onnx"], image, threads)}
    for engine, kind in PEERS.items():
        runs[engine] = lambda engine=engine, kind=kind: peer(engine, models[kind.suffix], image, threads)
    classes = {name: run()[2] for name, run in runs.items()}  # Reads every file once, too.
    if len(set(classes.values())) > 1:
        raise RuntimeError(f"the first classes differ: {classes}")
    samples = {name: [] for name in runs}
    for _ in range(REPETITIONS):
        for name, run in runs.items():
            samples[name].append(run()[:2])
    size = "×".join(map(str, Image.open(image).size))
    print(f"\nJPEG ({image.name}, {size}) to first prediction, ResNet-50 v1, {threads} threads, whole processes started "
          f"each time, page cache warm; median of {REPETITIONS} interleaved, ms:\n")
    print("| | all | fastest | of it Python and its imports | to LiteRT |\n|---|---|---|---|---|")
    litert = float(np.median([ms for ms, _ in samples["LiteRT"]])) if "LiteRT" in samples else None
    for name, values in samples.items():
        every = [ms for ms, _ in values]
        imports = "–" if values[0][1] is None else f"{np.median([ms for _, ms in values]):.0f}"
        print(f"| {name} | {np.median(every):.0f} | {min(every):.0f} | {imports} | {ratio(np.median(every), litert)} |")
