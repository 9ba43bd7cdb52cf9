"""Files to answers on two processors: `tar | imgdecode | classify` compared with Pillow on two threads and OpenVINO with two streams.

As a peer: classify_pipelines.py MODEL ARCHIVE, which prints the index of every photo's first class, in the order of the archive.
"""

import concurrent.futures
import io
import json
import subprocess
import sys
import tarfile
import time

import numpy as np
from PIL import Image

import classify_cold
from classify_processes import start
from classify_streams import Streams
from support.tools import BIN, SHARED

# Photos a run, and the sides of each: 0.3 and 12 Mpixel.
SIZES = {"0.3 Mpixel": (200, (640, 480)), "12 Mpixel": (40, (4000, 3000))}
ROUNDS = 3
THREADS = 2


def photo(sources, index, width, height):
    """A photo of that size with the detail of a real one: the sources side by side, from the `index`th on, each cut at its left edge."""
    canvas, x, y, tallest = Image.new("RGB", (width, height)), 0, 0, 0
    while y < height:
        part = sources[index % len(sources)]
        part = part.crop((index % 50, 0, part.width, part.height))
        canvas.paste(part, (x, y))
        x, tallest, index = x + part.width, max(tallest, part.height), index + 1
        if x >= width:
            x, y, tallest = 0, y + tallest, 0
    return canvas


def photos(folder, label):
    """A tar of photos, made of real ones where the fixtures are, else of noise."""
    target = folder / f"photos-{label.split()[0]}.tar"
    if target.exists():
        return target
    count, size = SIZES[label]
    files = sorted((SHARED / "photos").glob("*.jpg")) if SHARED else [classify_cold.photo(folder)]
    sources = [Image.open(file).convert("RGB") for file in files]
    with tarfile.open(target, "w", format=tarfile.USTAR_FORMAT) as archive:
        for index in range(count):
            body = io.BytesIO()
            photo(sources, index, *size).save(body, "JPEG", quality=90)
            member = tarfile.TarInfo(f"{index:04d}.jpg")
            member.size = body.tell()
            body.seek(0)
            archive.addfile(member, body)
    return target


def ours(model, archive, decoders=None):
    """(seconds, first classes) of the pipeline as it comes, or with so many threads to decode."""
    flags = [] if decoders is None else ["--threads", decoders]
    before = time.monotonic()
    with open(archive, "rb") as file:
        decode = start([BIN / "imgdecode", *flags], THREADS, stdin=file)
    classify = start([BIN / "classify", "--model", model], THREADS, stdin=decode.stdout)
    decode.stdout.close()
    lines = classify.communicate()[0].splitlines()
    if classify.returncode != 0 or decode.wait() != 0:
        raise RuntimeError("imgdecode | classify failed")
    return time.monotonic() - before, [json.loads(line)["predictions"][0]["index"] for line in lines]


def peer(model, archive):
    """(seconds, first classes) of the Python process, and its seconds without imports and compilation."""
    before = time.monotonic()
    done = start([sys.executable, __file__, model, archive], THREADS, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    lines = done.communicate()[0].splitlines()
    if done.returncode != 0:
        raise RuntimeError("the peer failed")
    result = json.loads(lines[-1])
    return time.monotonic() - before, result["classes"], result["seconds"]


def report(model, folder, name):
    print(f"\nFiles to answers on two processors, {name}, whole processes, images per second, median of {ROUNDS} interleaved "
          "rounds:\n")
    print("| photos | imgdecode \\| classify | imgdecode --threads 1 \\| classify | Pillow + OpenVINO | of it without its start "
          "| to the peer | to the peer without its start |\n|---|---|---|---|---|---|---|")
    for label, (count, _) in SIZES.items():
        archive = photos(folder, label)
        samples = []
        for _ in range(ROUNDS):
            both, one, other = ours(model, archive), ours(model, archive, 1), peer(model, archive)
            if np.mean([a == b for a, b in zip(both[1], other[1])]) < 0.95:
                raise RuntimeError("the first classes differ")
            samples.append([count / both[0], count / one[0], count / other[0], count / other[2]])
        both, one, other, warm = np.median(samples, axis=0)
        print(f"| {label} | {both:.1f} | {one:.1f} | {other:.1f} | {warm:.1f} | {both / other:.2f} | {both / warm:.2f} |",
              flush=True)


def pixels(body):
    """(224, 224, 3): the shorter side to 256, the centre of it, as imgdecode does unasked."""
    image = Image.open(io.BytesIO(body)).convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize(tuple(256 if side == min(image.size) else int(side * scale) for side in image.size),
                         Image.Resampling.BILINEAR)
    left, top = (round((side - 224) / 2) for side in image.size)
    return np.asarray(image.crop((left, top, left + 224, top + 224)))


def main():
    engine, found = Streams(sys.argv[1], THREADS), {}
    engine.deliver = lambda name, scores: found.__setitem__(name, int(np.argmax(scores)))
    before = time.monotonic()
    with tarfile.open(sys.argv[2]) as archive, concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        waiting, names = [], []
        for member in archive:
            names.append(member.name)
            waiting.append((member.name, pool.submit(pixels, archive.extractfile(member).read())))
            if len(waiting) == 4 * THREADS:
                name, image = waiting.pop(0)
                engine.begin(name, image.result())
        for name, image in waiting:
            engine.begin(name, image.result())
        engine.finish()
    print(json.dumps({"seconds": time.monotonic() - before, "classes": [found[name] for name in names]}))


if __name__ == "__main__":
    main()
