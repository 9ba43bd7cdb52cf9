#!/usr/bin/env bash
# Builds this package for 64-bit Arm on an x86-64 Debian machine, and runs the result under qemu. Run as root.
#
#   arm64.sh root FOLDER                 makes FOLDER once: Debian sid with its own Swift (a cross compiler) and arm64 libraries; 5 GB
#   arm64.sh build FOLDER [ARGUMENT…]    swift build ARGUMENT… of this package, into FOLDER/build
#   arm64.sh tests FOLDER                the unit tests' program, in FOLDER/build-tests
#   arm64.sh unit FOLDER [ARGUMENT…]     runs it with these arguments of Swift Testing, as `run`
#   arm64.sh run FOLDER PROGRAM [ARGUMENT…]   the program under qemu-aarch64 (-cpu max; another by QEMU_CPU)
#   arm64.sh tools FOLDER TARGET         makes TARGET: one command per tool, which runs the arm64 program under qemu
#
# Debian sid has the same Swift for amd64 and arm64. The amd64 compiler runs in a chroot; the standard library that it
# compiles against is unpacked from the arm64 package.
set -euo pipefail
package=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=Tests/support/chroot.sh
source "$package/Tests/support/chroot.sh"
# shellcheck source=deploy/packages.sh
source "$package/deploy/packages.sh"
command=${1:?root, build, tests, unit, run or tools}
root=$(mkdir -p "${2:?a folder}" && cd "$2" && pwd)
shift 2
swift=/usr/libexec/swift

# destination RESOURCES – SwiftPM's description of the target, whose standard library is lib/RESOURCES.
destination() {
  cat <<JSON
{"version": 1, "sdk": "/", "toolchain-bin-dir": "$swift/bin", "target": "aarch64-unknown-linux-gnu",
 "extra-cc-flags": ["--target=aarch64-linux-gnu", "-fPIC"], "extra-cpp-flags": ["-lstdc++"],
 "extra-swiftc-flags": ["-sdk", "/", "-resource-dir", "/opt/arm64$swift/lib/$1", "-use-ld=lld",
   "-Xclang-linker", "--target=aarch64-linux-gnu", "-L", "/usr/lib/aarch64-linux-gnu"]}
JSON
}

# build_package DESTINATION SCRATCH ARGUMENT… – swift build in the root. -gnone: Debian's compiler has its assertions on, and one about
# debug information fails.
build_package() {
  local destination=$1 scratch=$2
  shift 2
  MOUNT=$(mounts "$package" /opt/swift-packages) inside "$root" env HOME=/root PATH="$swift/bin:/usr/bin:/bin" \
    TARGET_ARCHITECTURE=arm64 PKG_CONFIG_PATH=/usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig \
    swift build -c release -Xswiftc -gnone --destination "/$destination" --package-path "$package" --scratch-path "/$scratch" "$@"
}

# emulate PROGRAM ARGUMENT… – in place of this shell. The shared libraries of Swift are for the unit tests.
emulate() {
  QEMU_LD_PREFIX=$root QEMU_CPU=${QEMU_CPU:-max} exec qemu-aarch64 \
    -E "LD_LIBRARY_PATH=$root/usr/lib/aarch64-linux-gnu/openblas-serial:$root/opt/arm64$swift/lib/swift/linux" "$@"
}

case $command in
root)
  # The libraries that the project is built with, for arm64.
  # shellcheck disable=SC2086,SC2154  # one word a package, from packages.sh
  libraries=$(printf '%s\n' $build_packages | sed -n 's/^lib.*-dev$/&:arm64/p')
  if [ -e "$root/destination-tests.json" ] && [ "$(cat "$root/.libraries")" = "$libraries" ]; then exit 0; fi
  make_root "$root" sid
  copy_settings "$root"
  # shellcheck disable=SC2016,SC2086  # expanded inside; one word a package
  inside "$root" bash -euc '
    export DEBIAN_FRONTEND=noninteractive
    dpkg --add-architecture arm64
    apt-get update -q
    install="apt-get install -y -q --no-install-recommends"
    $install swiftlang git ca-certificates pkgconf lld g++ g++-aarch64-linux-gnu libc6-dev:arm64 "$@"
    [ ! -d /opt/arm64 ] || exit 0
    cd /tmp && apt-get download libswiftlang:arm64 swiftlang:arm64
    mkdir -p /opt/arm64
    for package in *.deb; do dpkg-deb --fsys-tarfile "$package" | tar x -C /opt/arm64 --wildcards "./usr/libexec/swift/lib/*" ; done
    rm -f ./*.deb; apt-get clean' - $libraries >&2
  copy_settings "$root" # installing ca-certificates wrote its own list
  echo "$libraries" >"$root/.libraries"
  # Clang has its own headers, and the linker looks for Swift below the SDK, which is the chroot itself.
  rm -rf "$root/opt/arm64$swift/lib/clang"
  ln -sfn $swift/lib/clang "$root/opt/arm64$swift/lib/clang"
  for resources in swift swift_static; do
    ln -sfn "$swift/lib/clang/$(ls "$root$swift/lib/clang")" "$root/opt/arm64$swift/lib/$resources/clang"
    ln -sfn "/opt/arm64$swift/lib/$resources" "$root/usr/lib/$resources"
  done
  # Debian leaves out a library that every test which imports Foundation is linked with, and of which none calls anything.
  inside "$root" aarch64-linux-gnu-gcc -shared -x c /dev/null -o "/opt/arm64$swift/lib/swift/linux/lib_Testing_Foundation.so"
  # Tools are linked statically; for the unit tests there are shared libraries alone.
  destination swift_static >"$root/destination.json"
  destination swift >"$root/destination-tests.json"
  ;;
build)
  build_package destination.json build --static-swift-stdlib "$@"
  ;;
tests)
  build_package destination-tests.json build-tests -Xswiftc -enable-testing --build-tests --disable-xctest --enable-swift-testing
  ;;
unit)
  emulate "$root"/build-tests/release/*PackageTests.xctest --testing-library swift-testing "$@"
  ;;
run)
  emulate "$@"
  ;;
tools)
  mkdir -p "${1:?a folder for the commands}"
  for tool in imgdecode classify s3sync batchsubmit lambda-bootstrap onnxrun; do
    printf '#!/bin/sh\nexec %s run %s %s "$@"\n' "$package/Tests/support/arm64.sh" "$root" "$root/build/release/$tool" >"$1/$tool"
    chmod +x "$1/$tool"
  done
  ;;
*)
  echo "arm64.sh: $command: root, build, tests, unit, run or tools" >&2
  exit 64
  ;;
esac
