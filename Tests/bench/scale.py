#!/usr/bin/env python3
"""What a batch costs: python3 Tests/bench/scale.py IMAGES_PER_SECOND_AND_VCPU (the tables of deploy/README.md)."""

import math
import sys

# US East, November 2026: dollars an hour for a vCPU and for a GB of memory.
FARGATE = {"Fargate x86": (0.04048, 0.004445), "Fargate Arm": (0.03238, 0.00356)}
SPOT = 0.3  # of the price: the most that Spot saves
IPV4 = 0.005  # an hour for each task in a public subnet
GET, PUT = 0.40e-6, 5.00e-6
LAMBDA_GB_SECOND, LAMBDA_REQUEST = 0.0000166667, 0.20e-6
LAMBDA_GB = 1.769 / 1.024  # 1,769 MB: one vCPU
REFERENCE_IMAGE = 0.003884  # one container an image: 4 vCPU, 16 GB, one minute

VCPUS, GIGABYTES = 2, 4  # of a child
SECONDS_PER_CHILD = 300
START = 35  # seconds of a task that nobody classifies in: pulling the image, loading the model; an assumption


def row(name, cells):
    print(f"| {name} | " + " | ".join(cells) + " |")


def dollars(value):
    return f"${value:,.0f}" if value >= 100 else f"${value:,.2f}"


def main(rate):
    per_child = int(SECONDS_PER_CHILD * rate * VCPUS)
    counts = [10**6, 10**9]
    print(f"At {rate:g} images a second and vCPU; a child has {VCPUS} vCPU, {GIGABYTES} GB and {per_child:,} images.\n")
    row("", [f"{n:,} images" for n in counts])
    print("|---|" + "---|" * len(counts))
    children = [math.ceil(n / per_child) for n in counts]
    hours = [(n / (rate * VCPUS) + c * START) / 3600 for n, c in zip(counts, children)]
    row("children", [f"{c:,}" for c in children])
    row("array jobs", [f"{math.ceil(c / 10_000)}" for c in children])
    row("vCPU hours", [f"{h * VCPUS:,.0f}" for h in hours])
    for vcpus in (6, 1000, 10_000):
        row(f"hours with {vcpus:,} vCPUs",
            [f"{max(h * VCPUS / vcpus, (SECONDS_PER_CHILD + START) / 3600):,.1f}" for h in hours])
    requests = [n * GET + c * (GET + 2 * PUT) for n, c in zip(counts, children)]
    row("S3 requests", map(dollars, requests))
    row("public IPv4", [dollars(h * IPV4) for h in hours])
    for name, (vcpu, gigabyte) in FARGATE.items():
        price = VCPUS * vcpu + GIGABYTES * gigabyte
        for kind, factor in (("", 1), (" Spot", SPOT)):
            row(f"**{name}{kind}, all of it**",
                [dollars(h * (price * factor + IPV4) + r) for h, r in zip(hours, requests)])
    row("Lambda, one image a request",
        [dollars(n * (LAMBDA_GB * LAMBDA_GB_SECOND / rate + LAMBDA_REQUEST + GET)) for n in counts])
    row("the reference sample, a container an image", [dollars(n * REFERENCE_IMAGE) for n in counts])


main(float(sys.argv[1]))
