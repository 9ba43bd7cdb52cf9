#!/usr/bin/env bash
# Times classify compared with OpenVINO (held to float32), onnxruntime, LiteRT and ncnn in one run and prints one table.
# Usage: Tests/bench/classify.sh [--quick] [--models] [--bf16] [--int8] [NETWORK…]
#   --quick    ResNet-50 v1 alone if no network is named, fewer batches of eight; under three minutes
#   --bf16     only classify --precision bf16 compared with OpenVINO's default, which is bfloat16 where the processor has it
#   --int8     only quantized networks compared with onnxruntime and OpenVINO, and AVX2 in int8 compared with float32
#   --models   only makes the models, 2.4 GB for all
# Builds the release binaries, installs the peers from PyPI and makes the models, below .build.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -z "${BIN:-}" ]; then
  swift build -c release --static-swift-stdlib --product imgdecode >&2
  swift build -c release --static-swift-stdlib --product classify >&2
fi
venv=.build/bench
if [ -z "${PYTHON:-}" ]; then
  [ -x $venv/bin/python ] || python3 -m venv $venv
  pip() { $venv/bin/pip install -q --disable-pip-version-check --only-binary :all: "$@" >&2; }
  pip numpy pillow onnx onnxruntime flatbuffers
  for package in openvino ai-edge-litert ncnn; do
    pip $package || echo "$package: no wheel for this Python and processor; left out" >&2
  done
  PYTHON=$venv/bin/python
fi
exec env PYTHONPATH=Tests "$PYTHON" Tests/bench/classify.py "$@"
