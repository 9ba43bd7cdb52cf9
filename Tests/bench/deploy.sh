#!/usr/bin/env bash
# The HTTP API under load, compared with a Python Lambda handler with onnxruntime behind the same gateway: deploy.sh JPEG [SECONDS]
#
# Needs the tools in .build/release or $BIN, and in $VENV (.build/venv): moto, boto3, pyyaml, awslambdaric, onnxruntime, pillow.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
export BIN=${BIN:-$root/.build/release}
exec "${VENV:-$root/.build/venv}/bin/python" "$root/Tests/bench/deploy_load.py" "$@"
