"""imgdecode compared with Pillow and OpenCV on one thread: milliseconds an image, medians of interleaved rounds.

Ours is the whole program, start and tar included, over a tar of copies of one photo. The others are loops in one warm
process over the same bytes in memory: what a data loader does. OLD=PROGRAM adds another imgdecode to the rounds.
"""

import io
import os
import pathlib
import statistics
import subprocess
import sys
import tarfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("BIN", str(ROOT / ".build" / "release")) + "/imgdecode"
PHOTO = pathlib.Path(os.environ.get("SHARED", ROOT.parent / "shared")) / "photos" / "rocket.jpg"
ROUNDS = 9
OLD = os.environ.get("OLD")

os.environ.update(OMP_NUM_THREADS="1", OPENCV_FOR_THREADS_NUM="1")
import cv2  # noqa: E402
import numpy  # noqa: E402
import PIL  # noqa: E402
from PIL import Image, ImageOps, features  # noqa: E402

cv2.setNumThreads(1)


def centre(width, height, side=224):
    return round((width - side) / 2), round((height - side) / 2)


def shorter_side(width, height, side=256):
    return (side, side * height // width) if width <= height else (side * width // height, side)


def pillow(data, draft=None):
    image = Image.open(io.BytesIO(data))
    width, height = image.size
    if draft:
        image.draft("RGB", (draft, draft))
    image = ImageOps.exif_transpose(image).convert("RGB").resize(shorter_side(width, height), Image.BILINEAR)
    left, top = centre(*image.size)
    return numpy.asarray(image.crop((left, top, left + 224, top + 224)))


def opencv(data, flags=cv2.IMREAD_COLOR):
    image = cv2.imdecode(numpy.frombuffer(data, numpy.uint8), flags)
    image = cv2.resize(image, shorter_side(image.shape[1], image.shape[0]), interpolation=cv2.INTER_AREA)
    left, top = centre(image.shape[1], image.shape[0])
    return cv2.cvtColor(image[top:top + 224, left:left + 224], cv2.COLOR_BGR2RGB)


def tar_of(data, count):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for index in range(count):
            member = tarfile.TarInfo(f"{index}.jpg")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return archive.getvalue()


def ours(archive, *flags, program=BINARY):
    with open("/dev/null", "wb") as sink:
        subprocess.run([program, "--threads", "1", *flags], input=archive, stdout=sink, check=True)


def measure(name, data, count):
    archive = tar_of(data, count)
    reduced = cv2.IMREAD_REDUCED_COLOR_4 if len(data) > 1 << 20 else cv2.IMREAD_COLOR

    def loop(work):
        return lambda: [work(data) for _ in range(count)]

    contenders = {
        "imgdecode": lambda: ours(archive),
        "Pillow": loop(pillow),
        "OpenCV, INTER_AREA (not Pillow's pixels)": loop(opencv),
        "imgdecode --fast": lambda: ours(archive, "--fast"),
        "Pillow, draft() to the target": loop(lambda d: pillow(d, 256)),
        "Pillow, draft() to twice the target": loop(lambda d: pillow(d, 512)),
        "OpenCV, reduced decode": loop(lambda d: opencv(d, reduced)),
    }
    if OLD:
        contenders["imgdecode of OLD"] = lambda: ours(archive, program=OLD)
    times = {contender: [] for contender in contenders}
    for _ in range(ROUNDS):
        for contender, work in contenders.items():
            start = time.perf_counter()
            work()
            times[contender].append((time.perf_counter() - start) * 1000 / count)
    medians = {contender: statistics.median(values) for contender, values in times.items()}
    print(f"| {name} | ms an image | Pillow's time over it |\n|---|---|---|")
    for contender, median in medians.items():
        print(f"| {contender} | {median:.2f} | {medians['Pillow'] / median:.2f} |")
    near, far = (medians[f"Pillow, draft() to {size} target"] / medians["imgdecode --fast"]
                 for size in ["the", "twice the"])
    print(f"\nPillow over imgdecode: {medians['Pillow'] / medians['imgdecode']:.2f} (target 1.3). draft() over "
          f"imgdecode --fast: {near:.2f} to the target, {far:.2f} to twice the target as --fast (target over 1).\n")
    exact = numpy.abs(one(data).astype(int) - pillow(data)).max()
    fast = psnr(one(data, "--fast"), pillow(data))
    drafted = psnr(pillow(data, 256), pillow(data))
    print(f"Largest difference from Pillow's bytes: {exact}. PSNR to the full decode: --fast {fast:.1f} dB, "
          f"draft() to the target {drafted:.1f} dB.\n")


def one(data, *flags):
    answer = subprocess.run([BINARY, *flags], input=data, stdout=subprocess.PIPE, check=True).stdout
    return numpy.load(io.BytesIO(answer))


def psnr(a, b):
    error = ((a.astype(float) - b) ** 2).mean()
    return float("inf") if error == 0 else 10 * numpy.log10(255 ** 2 / error)


def enlarged(data):
    """A photograph of 12 million pixels: the small one enlarged, with sensor-like noise, at quality 90."""
    image = Image.open(io.BytesIO(data)).convert("RGB").resize((4000, 3000), Image.BICUBIC)
    noise = numpy.random.default_rng(1).normal(0, 3, (3000, 4000, 1))
    noisy = numpy.clip(numpy.asarray(image) + noise, 0, 255).astype(numpy.uint8)
    file = io.BytesIO()
    Image.fromarray(noisy).save(file, "JPEG", quality=90)
    return file.getvalue()


if __name__ == "__main__":
    data = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else PHOTO).read_bytes()
    print(f"Pillow {PIL.__version__} (libjpeg-turbo {features.version('libjpeg_turbo')}), OpenCV {cv2.__version__}\n")
    measure("{}×{}".format(*Image.open(io.BytesIO(data)).size), data, 60)
    measure("4000×3000", enlarged(data), 5)
