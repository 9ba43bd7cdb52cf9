#!/usr/bin/env bash
# Feeds changed files to every reader: Tests/run.sh fuzz, or by hand
# FUZZ_SECONDS=86400 [FUZZ_READER=jpeg] [FUZZ_RANDOM=1] Tests/long/fuzz.sh
# After a trap or a hang, .build/fuzz/last-input is the input.
set -euo pipefail
cd "$(dirname "$0")/../.."
export FUZZ_SECONDS=${FUZZ_SECONDS:-60} FUZZ_SEEDS=$PWD/.build/fuzz
.build/venv/bin/python Tests/fuzz/seeds.py "$FUZZ_SEEDS"
swift build -c release -Xswiftc -enable-testing --scratch-path .build/tests --build-tests
# An input that never ends is one that takes longer than all of them should.
timeout $((FUZZ_SECONDS * 2 + 60)) \
  swift test -c release -Xswiftc -enable-testing --scratch-path .build/tests --skip-build --filter '^FuzzTests\.' ||
  { echo "fuzz: failed; the last input is $FUZZ_SEEDS/last-input" >&2; exit 1; }
