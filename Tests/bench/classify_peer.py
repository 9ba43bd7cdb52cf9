"""One peer with one network in a process of its own: classify_peer.py ENGINE MODEL BATCH THREADS.

Prints its answers to the benchmark's images, then, for every number read, the milliseconds of so many runs, all as JSON
lines.
"""

import json
import sys
import time

import numpy as np

from classify_engines import BY_DEFAULT, PEERS, OpenVINOByDefault
from classify_processes import images


def main():
    engine, model, batch, threads = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    pixels = images(batch)
    peer = {**PEERS, BY_DEFAULT: OpenVINOByDefault}[engine](model, pixels.shape, threads)
    ready = peer.prepare(pixels)
    print(json.dumps(np.asarray(peer.run(ready)).reshape(batch, -1).tolist()), flush=True)
    for line in sys.stdin:
        peer.run(ready)
        samples = []
        for _ in range(int(line)):
            before = time.perf_counter()
            peer.run(ready)
            samples.append((time.perf_counter() - before) * 1e3)
        print(json.dumps(samples), flush=True)


main()
