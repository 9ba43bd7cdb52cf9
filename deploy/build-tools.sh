#!/bin/sh
# Builds the tools in release: deploy/build-tools.sh [TOOL…]; without names all five. Nothing is done where nothing changed.
#
# Installs the C libraries if they are missing (as root or with passwordless sudo; else prints the command).
# Status: 0 done, 69 a package or the Swift toolchain is missing, else the compiler's.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=deploy/packages.sh
. "$here/packages.sh"
command -v swift >/dev/null || {
  echo 'build-tools.sh: no Swift toolchain on the PATH: install Swift 6.2 or later from https://swift.org/install' >&2
  exit 69
}
# shellcheck disable=SC2086  # one word a package
install_packages $build_packages
[ $# -gt 0 ] || set -- imgdecode classify s3sync batchsubmit lambda-bootstrap
for tool; do
  echo "building $tool (the first build takes some minutes)" >&2
  swift build --package-path "$here/.." -c release --static-swift-stdlib --product "$tool" >&2
done
