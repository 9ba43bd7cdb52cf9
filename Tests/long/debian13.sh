#!/usr/bin/env bash
# Builds on Debian 13 with this machine's toolchain, in a root folder of its own, and runs unit and pipe tests there. Run as root.
set -euo pipefail
cd "$(dirname "$0")/../.."
source Tests/support/chroot.sh
source deploy/packages.sh
root=${ROOTS:-$PWD/.build/roots}/debian13
toolchain=$(dirname "$(dirname "$(dirname "$(readlink -f "$(command -v swift)")")")")
if [ "$toolchain" = / ]; then
  echo "debian13.sh: the toolchain lies in /usr and cannot be mounted elsewhere" >&2
  exit 69
fi
make_root "$root" trixie
copy_settings "$root"
# What the toolchain itself needs, then what the project needs.
# shellcheck disable=SC2154  # from packages.sh
packages="g++ git libc6-dev libcurl4t64 libncurses6 libsqlite3-0 libxml2 libuuid1 tzdata zlib1g-dev $build_packages
  python3-venv libarchive-tools openssl curl binutils jq procps qemu-user"
# shellcheck disable=SC2086  # one word a package
if ! cmp -s <(echo $packages) "$root/.packages"; then
  inside "$root" env DEBIAN_FRONTEND=noninteractive bash -euc 'apt-get update -q
    apt-get install -y -q --no-install-recommends "$@"' - $packages >&2
  copy_settings "$root" # installing ca-certificates wrote its own list
  echo $packages >"$root/.packages"
fi
MOUNT=$(mounts "$PWD" "$PWD/../shared" "$toolchain" /opt/swift-packages /opt/wheels)
export MOUNT
# The build's folders are the root's own: paths of its libraries are in them.
# shellcheck disable=SC2016  # expanded inside
inside "$root" env HOME=/root PATH="$toolchain/usr/bin:/usr/bin:/bin:/usr/sbin:/sbin" bash -euc '
  cd "$1"
  swift build -c release --static-swift-stdlib --scratch-path /build
  swift test -c release -Xswiftc -enable-testing --scratch-path /build-tests
  [ -x /venv/bin/python ] || python3 -m venv /venv
  /venv/bin/pip install --quiet --disable-pip-version-check -r Tests/requirements.txt
  export BIN=/build/release
  tests() { /venv/bin/python -m pytest Tests/pipes -k "not demo and not deploy" -m "$@"; }
  tests "not alone" --numprocesses 2 --dist loadfile
  tests alone' - "$PWD"
