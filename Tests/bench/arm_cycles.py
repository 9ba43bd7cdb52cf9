"""Cycles of the kernels' inner loops on Arm cores, modelled by llvm-mca: nothing is run.

    Tests/bench/arm_cycles.py OBJECTS        the release build's folder, e.g. .build/roots/arm64/build/release

For each loop: cycles an iteration, multiplications, and which share of the core's multiplication units they fill. Every load hits L1 in the
model. Needs llvm-19 (earlier releases model these cores as a Cortex-A57) and binutils-aarch64-linux-gnu.
"""

import pathlib
import re
import subprocess
import sys

# Vector units that multiply: 2 on Neoverse N1 (Graviton 2), 4 on V1 and V2 (Graviton 3 and 4).
UNITS = {"neoverse-n1": 2, "neoverse-v1": 4, "neoverse-v2": 4}
# Cores without an instruction.
LACKS = {"neoverse-n1": {"usmmla", "usdot", "bfmmla"}}
# (target, part of a function's name, what it is, multiplication)
LOOPS = [
    ("KernelsPortable", "gemmTiles", "float32 tile, 12 × 8", "fmla"),
    ("KernelsPortable", "gemmNarrowTiles", "float32 tile, 12 × 4", "fmla"),
    ("KernelsDotProduct", "gemmTiles", "int8 tile, 12 × 8", "sdot"),
    ("KernelsInt8Matrix", "pairedTiles", "int8 tile, 4 × 24", "usmmla"),
    ("KernelsBFloat16Matrix", "pairedTiles", "bfloat16 tile, 4 × 24", "bfmmla"),
    ("KernelsDotProduct", "TapRow", "int8 depthwise convolution, four taps of 16 channels", "sdot"),
    ("KernelsInt8Matrix", "TapRow", "int8 depthwise convolution, four taps of 16 channels", "usdot"),
    ("KernelsPortable", "AdjacentWindowsO$2", "depthwise convolution, rows of 3 taps", "fmla"),
    ("KernelsPortable", "AdjacentWindowsO$4", "depthwise convolution, rows of 5 taps", "fmla"),
    ("KernelsPortable", "AdjacentWindowsO$6", "depthwise convolution, rows of 7 taps", "fmla"),
]


def functions(path):
    """(name, lines of instructions) of an object."""
    command = ["aarch64-linux-gnu-objdump", "-d", "--no-show-raw-insn", str(path)]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for name, body in re.findall(r"^[0-9a-f]+ <(\S+)>:\n(.*?)\n\n", listing + "\n", re.M | re.S):
        yield name, re.findall(r"^\s*([0-9a-f]+):\t(.*)$", body, re.M)


def loops(lines):
    """The innermost loops of a function that call nothing: lists of instructions. The model takes no jump inside them."""
    position = {address: index for index, (address, _) in enumerate(lines)}
    latest = -1
    for index, (_, instruction) in enumerate(lines):
        jump = re.match(r"(?:b\.\w+|cbn?z\s+\w+,|tbn?z\s+\w+, #\d+,|b)\s+([0-9a-f]+) ", instruction)
        start = position.get(jump[1], index + 1) if jump else index + 1
        if start > index:
            continue
        body = [text for _, text in lines[start:index]]
        # One that begins no later than a loop before it holds that loop.
        if start > latest and not any(re.match(r"blr?\s|ret", text) for text in body):
            yield body
        latest = max(latest, start)


def cycles(core, body):
    source = "\n".join(re.sub(r"\s*//.*", "", re.sub(r"\b[0-9a-f]+ <.*", "0x0", text)) for text in body)
    command = ["llvm-mca-19", "-mtriple=aarch64", f"-mcpu={core}", "-mattr=+i8mm,+bf16,+dotprod", "-noalias", "-iterations=1000"]
    report = subprocess.run(command, input=source, capture_output=True, text=True, check=True).stdout
    return int(re.search(r"Total Cycles:\s+(\d+)", report)[1]) / 1000


def largest(objects, target, part, multiplication, keep=lambda body: True):
    """(multiplications, instructions) of the loop with the most of them in the functions whose names hold `part`; None where there is none."""
    found = []
    for path in sorted((objects / f"{target}.build").glob("*.o")):
        for name, lines in functions(path):
            if part in name and ("span" not in name or "OneInput" in name):
                found += [body for body in loops(lines) if keep(body)]
    counted = [(sum(text.startswith(multiplication) for text in body), body) for body in found]
    return max(counted, key=lambda loop: loop[0], default=None)


def row(what, multiplication, count, body):
    cells = []
    for core, units in UNITS.items():
        if multiplication in LACKS.get(core, ()):
            cells.append("–")
        else:
            taken = cycles(core, body)
            cells.append(f"{taken:.2f}" + (f", {count / units / taken:.0%}" if count else ""))
    print(f"| {what} | {f'{count} {multiplication}' if count else ''} | " + " | ".join(cells) + " |")


def main(objects):
    print("| loop | multiplications | " + " | ".join(f"{core}: cycles, share of peak" for core in UNITS) + " |")
    print("|---|---|" + "---|" * len(UNITS))
    for target, part, what, multiplication in LOOPS:
        loop = largest(objects, target, part, multiplication)
        if loop is None:
            sys.exit(f"{target}: no loop in a function named {part}")
        row(what, multiplication, *loop)
    # What becomes of 16 int32 sums: four multiplications, eight more with a residual.
    for multiplications, what in ((4, "16 int8 results"), (12, "16 int8 results with a residual")):
        def keep(body):
            return any(text.startswith("sqxtn") for text in body) and sum(text.startswith("fmul") for text in body) == multiplications
        row(what, "", 0, largest(objects, "KernelsDotProduct", "completeTile", "fmul", keep)[1])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
