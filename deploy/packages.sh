# The Debian packages that building and testing need, and how a missing one is installed. Sourced by the scripts.
# shellcheck shell=bash

# shellcheck disable=SC2034  # used where this file is sourced
build_packages=(libturbojpeg0-dev libopenblas-serial-dev libcurl4-openssl-dev pkg-config ca-certificates)
# shellcheck disable=SC2034
test_packages=(
  python3-venv python3-pip libarchive-tools shellcheck openssl curl qemu-user binutils
  radosgw ceph-mon ceph-osd ceph-common chromium chromium-driver jq wrk buildah uidmap debootstrap
)

# install_packages NAME… – installs those that are missing, as root or through sudo; else says the one command to run.
install_packages() {
  local missing=() package
  for package; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
      echo "missing packages; run: sudo apt-get update && sudo apt-get install -y ${missing[*]}" >&2
      return 69
    fi
    sudo=(sudo)
  fi
  "${sudo[@]}" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
}
