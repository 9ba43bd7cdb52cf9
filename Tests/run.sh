#!/usr/bin/env bash
# Runs every test, or those of the parts named: Tests/run.sh [PART…]
#
# Parts are modules and tools: ascii posix elements streams kernels network onnx classify imgdecode http aws s3 s3sync lambda
# batchsubmit deploy demo image manual documents; image-full compiles the tools inside the image, where image takes those that are built. Every script in
# Tests/long is a part too, which runs only where it is named.
# Three levels: unit tests (swift test), the release binaries in real pipes (Tests/pipes), and against other programs (Tests/peers).
# Installs what is missing: Debian packages (as root or through sudo) and, in a virtual environment below .build, PyPI's.
# Prints at its end how long each step and each part's tests in Python took.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=deploy/packages.sh
source deploy/packages.sh

times='' noted=0
# note STEP – notes the seconds since the last call as this step's.
note() {
  times+=$(printf '%5d s  %s' $((SECONDS - noted)) "$1")$'\n'
  noted=$SECONDS
}
trap 'printf "%s%5d s  in total\n" "$times" "$SECONDS"' EXIT

# shellcheck disable=SC2086  # one word a package
install_packages $build_packages $test_packages

venv=.build/venv
[ -x $venv/bin/python ] || python3 -m venv $venv
if ! cmp -s Tests/requirements.txt $venv/installed.txt; then
  $venv/bin/pip install --quiet --disable-pip-version-check -r Tests/requirements.txt
  $venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r deploy/cloud/requirements.txt
  cp Tests/requirements.txt $venv/installed.txt
fi
note installation

swift format lint --strict --recursive Package.swift Sources Tests
swift build -c release --static-swift-stdlib --explicit-target-dependency-import-check error
note 'release build'

ONNX_TEST_DATA=$($venv/bin/python -c 'import onnx, os; print(os.path.join(os.path.dirname(onnx.__file__), "backend/test/data"))')
export ONNX_TEST_DATA

# python_tests PATH… – two files at a time, then the tests marked `alone` (pytest.ini).
python_tests() {
  local status=0
  $venv/bin/python -m pytest -m 'not alone' --numprocesses 2 --dist loadfile "$@" || status=$?
  # 5: no test has the mark.
  $venv/bin/python -m pytest -m alone "$@" || { [ $? -eq 5 ] || status=1; }
  [ $status -eq 5 ] || return $status
}

if [ $# -eq 0 ]; then
  swift test -c release -Xswiftc -enable-testing --scratch-path .build/tests
  note 'unit tests, with their build'
  status=0
  python_tests Tests/pipes Tests/peers || status=$?
  note 'tests in Python'
  exit $status
fi

status=0
for part; do
  if [ -x "Tests/long/$part.sh" ]; then
    "Tests/long/$part.sh" || status=1
    note "$part"
    continue
  fi
  if [ "$part" = image-full ]; then
    export IMAGE_FULL=1
    part=image
  fi
  mapfile -t targets < <(find Tests -maxdepth 1 -iname "${part}*Tests" -printf '%f\n' | sort)
  for target in "${targets[@]}"; do
    swift test -c release -Xswiftc -enable-testing --scratch-path .build/tests --filter "^${target//-/_}\\." || status=1
  done
  note "$part: unit tests"
  mapfile -t files < <(find Tests/pipes Tests/peers -name "test_${part}*.py" | sort)
  if [ ${#files[@]} -gt 0 ]; then python_tests "${files[@]}" || status=1; fi
  note "$part: tests in Python"
  if [ ${#targets[@]} -eq 0 ] && [ ${#files[@]} -eq 0 ]; then
    echo "Tests/run.sh: $part: no such part" >&2
    status=64
  fi
done
exit $status
