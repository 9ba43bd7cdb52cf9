#!/usr/bin/env bash
# What lambda-bootstrap adds to an event, compared with awslambdaric with an empty handler: Tests/bench/lambda.sh [MODEL]
#
# One Runtime API, in Python, stands for Lambda's for both and takes the times. MODEL is what the warm pipeline runs, the
# embedded one unless given. Needs the release build and, from PyPI, awslambdaric (Tests/run.sh installs it).
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-.build/venv/bin/python}
export PYTHONPATH=Tests
exec "$python" Tests/bench/lambda.py "$@"
