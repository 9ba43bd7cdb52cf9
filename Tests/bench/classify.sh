#!/usr/bin/env bash
# Times classify beside onnxruntime and OpenVINO (held to float32) in one run and prints one table.
# Usage: Tests/bench/classify.sh [--quick]        --quick: ResNet-50 v1 alone, under three minutes
# Builds the release binary, installs the peers from PyPI below .build and makes the models there.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -z "${BIN:-}" ]; then swift build -c release --static-swift-stdlib --product classify >&2; fi
venv=.build/bench
if [ -z "${PYTHON:-}" ]; then
  [ -x $venv/bin/python ] || python3 -m venv $venv
  $venv/bin/pip install -q numpy onnx onnxruntime openvino >&2
  PYTHON=$venv/bin/python
fi
exec env PYTHONPATH=Tests "$PYTHON" Tests/bench/classify.py "$@"
