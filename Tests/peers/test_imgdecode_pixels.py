"""Our resize and crop, fed the very pixels Pillow decoded: Pillow's bytes, all of them, for every photo and filter."""

import os
import shutil
import subprocess

import numpy
import pytest
from PIL import Image, ImageOps

from support.pillow import FILTERS, centre_crop, shorter_side
from support.tools import EMULATED, ROOT, SHARED

PRODUCT = ROOT / ".build" / "tests"


@pytest.mark.skipif(SHARED is None, reason="../shared is absent")
@pytest.mark.skipif(shutil.which("swift") is None, reason="no Swift toolchain to run the unit test with")
def test_resize_of_pillows_pixels(tmp_path):
    cases = 0
    for photo in sorted((SHARED / "photos").glob("*.jpg")):
        image = ImageOps.exif_transpose(Image.open(photo)).convert("RGB")
        pixels = numpy.asarray(image)
        numpy.save(tmp_path / f"{photo.stem}.pixels.npy", pixels)
        width, height = image.size
        for name, method in FILTERS.items():
            for resize, crop in [("256", "224"), ("300x200", "-"), ("97", "131")]:
                size = shorter_side(width, height, int(resize)) if "x" not in resize else (300, 200)
                answer = image.resize(size, method)
                if crop != "-":
                    answer = centre_crop(answer, int(crop))
                numpy.save(tmp_path / f"{photo.stem}.{name}.{resize}.{crop}.npy", numpy.asarray(answer))
                cases += 1
    assert cases >= 8 * 4 * 3
    if EMULATED:
        program = [ROOT / "Tests" / "support" / "arm64.sh", "unit", os.environ["ARM64_ROOT"]]
    else:
        program = ["swift", "test", "-c", "release", "-Xswiftc", "-enable-testing", "--scratch-path", PRODUCT]
    done = subprocess.run(
        [*program, "--filter", r"^imgdecodeTests\.PillowPixelsTests"], cwd=ROOT,
        env={**os.environ, "PILLOW_PIXELS": str(tmp_path)}, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "everyCase() passed" in done.stdout + done.stderr, done.stdout[-4000:]
