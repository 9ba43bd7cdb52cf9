#!/usr/bin/env bash
# Builds the tools and classifies photographs: deploy/demo.sh [JPEG…]
#
#   deploy/demo.sh --cloud [JPEG…]   through the whole cloud on this machine: bucket, events, Batch, HTTP API
#   deploy/demo.sh --serve           keeps that running, with a page at http://127.0.0.1:8080/
#
# Builds in release (build-tools.sh; $BIN names a folder of tools that are built already), gets an ImageNet model from PyPI (or CLASSIFY_MODEL's; without a network the small model of the
# repository), prints the predictions as text, then images per second. Without arguments it takes photographs from a PyPI package.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=deploy/packages.sh
source "$here/packages.sh"

step() { echo "demo.sh: $*" >&2; }

# build TOOL… – in release; nothing to do when $BIN has the tools.
build() { [ -n "${BIN-}" ] || "$here/build-tools.sh" "$@"; }

# The best model that is here or can be fetched.
model() {
  if [ -n "${CLASSIFY_MODEL-}" ]; then
    echo "$CLASSIFY_MODEL"
  elif ! install_packages python3-pip || ! "$here/model/fetch.sh" efficientnet-lite0; then
    step 'no ImageNet model (see above): falling back to the small model of the repository'
    echo "$here/model/cifar10-resnet20.onnx"
  fi
}

case ${1-} in
--cloud | --serve)
  build imgdecode classify s3sync batchsubmit lambda-bootstrap
  CLASSIFY_MODEL=$(model)
  export CLASSIFY_MODEL
  [ "$1" = --serve ] || shift
  exec "$here/cloud/demo-cloud.sh" "$@"
  ;;
esac
build imgdecode classify
PATH=$(cd "${BIN:-$here/../.build/release}" && pwd):$PATH
step 'getting the model'
model=$(model)

# sample_photos FOLDER – photographs out of a PyPI package that is not installed. Two of them are PNG files, which become JPEGs.
sample_photos() {
  local name
  install_packages unzip netpbm libjpeg-turbo-progs || return
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$1" scikit-image==0.25.2 >&2 || return
  unzip -q -j "$1"/scikit_image*.whl 'skimage/data/chelsea.png' 'skimage/data/coffee.png' 'skimage/data/rocket.jpg' -d "$1"
  for name in chelsea coffee; do pngtopnm "$1/$name.png" | cjpeg -quality 95 >"$1/$name.jpg"; done
  rm -f "$1"/*.whl "$1"/*.png
}

if [ $# -eq 0 ]; then
  photos=$here/../.build/demo-photos
  if [ ! -e "$photos/coffee.jpg" ]; then
    step 'getting sample photographs'
    rm -rf "$photos"
    mkdir -p "$photos"
    sample_photos "$photos" || {
      echo 'demo.sh: no sample photographs: pass JPEG files: deploy/demo.sh PHOTO.jpg…' >&2
      exit 69
    }
  fi
  cd "$photos"
  set -- *.jpg
fi

echo "model: ${model##*/}"
[ "${model##*/}" != cifar10-resnet20.onnx ] ||
  echo 'It knows airplane, automobile, bird, cat, deer, dog, frog, horse, ship and truck, and nothing else.'
imgdecode --strict -- "$@" | classify --model "$model" --strict --format text

# Enough copies for a steady figure: the same photographs until there are 200.
step 'measuring with 200 images'
copies=()
while [ ${#copies[@]} -lt 200 ]; do copies+=("$@"); done
start=$(date +%s.%N)
printf '%s\0' "${copies[@]:0:200}" | imgdecode -0 --files-from - | classify --model "$model" >/dev/null
end=$(date +%s.%N)
awk -v s="$start" -v e="$end" 'BEGIN { printf "200 images in %.2f s: %.0f images per second, start-up included\n", e - s, 200 / (e - s) }'
tools=$(cd "$(dirname "$(command -v classify)")" && pwd)
photo=$(realpath -- "$1")
cat >&2 <<TEXT

Try next:
  export PATH="$tools:\$PATH" CLASSIFY_MODEL=$model
  imgdecode < "$photo" | classify                               # one photo: JSON, for programs
  tar c -C "${photo%/*}" . | imgdecode | classify --format csv  # a folder: a table
  $here/demo.sh --serve                                         # a page and an API on this machine, until Ctrl-C
TEXT
