#!/usr/bin/env bash
# Builds every tool and the unit tests for 64-bit Arm and runs them under qemu-aarch64: on two processors all unit tests, operators and
# quantized networks beside this machine's own binaries; then pixels, streams, networks, transfers, Lambda, the Debian package. Run as root.
# libjpeg-turbo is Debian sid's (version 3 or later) there, so the pixels are those of another release than Debian stable's.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=deploy/packages.sh
source deploy/packages.sh
install_packages binutils-aarch64-linux-gnu
# This machine's own, beside which bytes are compared.
swift build -c release --static-swift-stdlib --product onnxrun
root=${ROOTS:-.build/roots}/arm64
arm64=Tests/support/arm64.sh
$arm64 root "$root"
$arm64 build "$root"
$arm64 tests "$root"
$arm64 tools "$root" "$root-tools"
for tool in imgdecode classify s3sync batchsubmit lambda-bootstrap; do
  file -L "$root/build/release/$tool" | grep -q aarch64
done
root=$(cd "$root" && pwd)
BIN=$root-tools NATIVE_BIN=$PWD/.build/release OBJECTS=$root/build/release ARM64_ROOT=$root EMULATED=1
export BIN NATIVE_BIN OBJECTS ARM64_ROOT EMULATED

status=0
# One part, and how long it took.
part() {
  local name=$1 begin=$SECONDS
  shift
  "$@" || status=1
  echo "arm64: $name: $((SECONDS - begin)) s"
}
# shellcheck disable=SC2317  # called by part
pytest() { .build/venv/bin/python -m pytest -q "$@"; }

# With matrix products of bytes and bfloat16, and with dot products alone (Graviton 2): both at once, each with a log.
on_processor() {
  export QEMU_CPU=$1
  # Under qemu posix_spawn returns no error for a missing program.
  part "unit tests, $1" $arm64 unit "$root" --quiet --skip '^POSIXTests\..*aProgramThatDoesNotExist'
  part "operators and quantized networks, $1" \
    pytest Tests/peers/test_classify_operators.py Tests/peers/test_classify_quantized.py Tests/pipes/test_kernels_isa.py \
    Tests/pipes/test_classify_precision.py
  return $status
}
on_processor max >"$root-max.log" 2>&1 &
on_max=$!
on_processor neoverse-n1 >"$root-neoverse-n1.log" 2>&1 || status=1
wait $on_max || status=1
cat "$root-max.log" "$root-neoverse-n1.log"
# Each network on fewer images than a processor gets, no tests of speed or of time limits.
export QEMU_CPU=max
part "random quantized networks" pytest Tests/peers/test_classify_random_quantized.py -k same_bytes
part "threads and batches in bfloat16" pytest Tests/pipes/test_classify_same_bytes.py -k 'tails and bf16'
part "tools" pytest --numprocesses 2 --dist loadfile Tests/arm64 Tests/peers/test_imgdecode_{pixels,pillow,gray,exif}.py \
  Tests/pipes/test_streams_interop.py Tests/peers/test_classify_networks.py Tests/peers/test_s3sync_moto.py Tests/pipes/test_lambda_per_event.py
exit $status
