#!/usr/bin/env bash
# Times imgdecode compared with Pillow and OpenCV in one run and prints the table of RESULTS-imgdecode.md.
# Usage: Tests/bench/imgdecode.sh [PHOTO.jpg]   (needs python3 with the packages of Tests/requirements.txt)
set -euo pipefail
cd "$(dirname "$0")/../.."
exec "${PYTHON:-python3}" Tests/bench/imgdecode.py "$@"
