#!/usr/bin/env bash
# Builds every tool for 64-bit Arm and runs it under qemu-aarch64: pixels, streams, networks, transfers, Lambda. Run as root.
# libjpeg-turbo is Debian sid's (version 3 or later) there, so the pixels are those of another release than Debian stable's.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=${ROOTS:-.build/roots}/arm64
arm64=Tests/support/arm64.sh
$arm64 root "$root"
$arm64 build "$root"
$arm64 tools "$root" "$root-tools"
file -L "$root/build/release/classify" | grep -q aarch64
export BIN=$PWD/$root-tools EMULATED=1
# Emulated instructions take ten to a hundred times as long: each network once, no tests of speed or of time limits.
.build/venv/bin/python -m pytest Tests/peers/test_imgdecode_pixels.py Tests/pipes/test_streams_interop.py \
  Tests/peers/test_classify_networks.py Tests/peers/test_s3sync_moto.py Tests/pipes/test_lambda_per_event.py
