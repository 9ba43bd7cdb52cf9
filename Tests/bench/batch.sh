#!/usr/bin/env bash
# Images a second of the whole batch path on this machine, compared with the same pipeline without S3: Tests/bench/batch.sh
#
# Needs ../shared (10,000 JPEGs), and boto3 and moto[server] from PyPI in the Python of PYTHON.
set -euo pipefail
cd "$(dirname "$0")/.."
PYTHONPATH=. exec "${PYTHON:-../.build/venv/bin/python}" bench/batch.py "$@"
