"""JPEG to first prediction with a peer, as a process of its own: classify_first.py ENGINE MODEL PHOTO THREADS STARTED.

STARTED is when the process was, in seconds of the monotonic clock. Prints the class and when the imports were done.
"""

import importlib
import json
import sys
import time

import numpy as np
from PIL import Image

from classify_engines import PEERS

MEAN, DEVIATION = np.array([.485, .456, .406], np.float32), np.array([.229, .224, .225], np.float32)


def pixels(path):
    """(1, 3, 224, 224): the shorter side to 256, the centre of it, normalised, as imgdecode and classify do unasked."""
    image = Image.open(path).convert("RGB")
    scale = 256 / min(image.size)
    image = image.resize(tuple(256 if side == min(image.size) else int(side * scale) for side in image.size),
                         Image.Resampling.BILINEAR)
    left, top = (round((side - 224) / 2) for side in image.size)
    array = np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32)
    return np.ascontiguousarray(((array / 255 - MEAN) / DEVIATION).transpose(2, 0, 1)[None])


def main():
    engine, model, photo, threads, started = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5])
    importlib.import_module(PEERS[engine].module)
    imported = time.monotonic()
    images = pixels(photo)
    peer = PEERS[engine](model, images.shape, threads)
    scores = np.ravel(peer.run(peer.prepare(images)))
    print(json.dumps({"index": int(scores.argmax()), "importMs": (imported - started) * 1e3}))


main()
