# The Debian packages that building and testing need, and how a missing one is installed. Sourced by the scripts.
# shellcheck shell=dash

# shellcheck disable=SC2034  # used where this file is sourced, as one word a package
build_packages='libjpeg62-turbo-dev libopenblas-serial-dev libcurl4-openssl-dev pkg-config ca-certificates'
# shellcheck disable=SC2034
test_packages='python3-venv python3-pip libarchive-tools shellcheck openssl curl qemu-user binutils
  radosgw ceph-mon ceph-osd ceph-common chromium chromium-driver jq wrk buildah uidmap debootstrap zsh fish strace'

# install_packages NAME… – installs those that are missing, as root or through sudo; else says the one command to run.
install_packages() {
  local missing='' package sudo=''
  for package; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed$' || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
      echo "missing packages; run: sudo apt-get update && sudo apt-get install -y$missing" >&2
      return 69
    fi
    sudo=sudo
  fi
  # shellcheck disable=SC2086  # one word a package, and perhaps no sudo
  {
    $sudo apt-get update -qq
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >/dev/null
  }
}
