#!/usr/bin/env bash
# A hundred thousand changed models: none may trap; what runs is compared with onnxruntime, differences are listed.
set -euo pipefail
cd "$(dirname "$0")/../.."
exec .build/venv/bin/python Tests/fuzz/fuzz_models.py --count "${FUZZ_COUNT:-100000}" --list
