#!/bin/sh
# The whole cloud on one machine, without an AWS account: demo-cloud.sh [--serve] [--port N] [JPEG…]
#
# Classifies the photographs twice: uploaded to a bucket and through Batch, and by HTTP. --serve keeps everything running,
# with a page to try at http://127.0.0.1:8080/, until Ctrl-C. Needs the five tools in .build/release or in $BIN.
# CLASSIFY_MODEL names the model; without it, it is the embedded one. Every run has a folder of its own with its logs below
# .build/cloud, or $CLOUD_FOLDER, and removes it at its end unless something failed; nothing else there is touched.
# Everything listens on the loopback interface only, and is ended when the script ends.
# stdout: a line of JSON for each photograph, then the first one's answer by HTTP.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
root=$(dirname "$here")
# shellcheck source=deploy/packages.sh
. "$here/packages.sh"

bin=${BIN:-$root/.build/release}
for tool in imgdecode classify s3sync batchsubmit lambda-bootstrap; do
  [ -x "$bin/$tool" ] || {
    echo "demo-cloud.sh: $bin/$tool is missing: build it with swift build -c release --static-swift-stdlib" >&2
    exit 69
  }
done
bin=$(cd "$bin" && pwd)

install_packages python3-venv
venv=${CLOUD_VENV:-$root/.build/cloud/venv}
wanted=$here/cloud/requirements.txt
if [ -z "${CLOUD_VENV-}" ]; then
  # Two runs at once do not install into each other's environment.
  mkdir -p "$root/.build/cloud"
  exec 9>"$root/.build/cloud/venv.lock"
  flock 9
  if ! cmp -s "$wanted" "$venv/installed.txt"; then
    echo 'installing moto …' >&2
    python3 -m venv --clear "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r "$wanted" >&2 || {
      echo "demo-cloud.sh: moto could not be installed from PyPI: is there a network?" >&2
      exit 69
    }
    cp "$wanted" "$venv/installed.txt"
  fi
  exec 9>&-
fi
export PATH="$bin:$PATH"
export CLASSIFY_MODEL="${CLASSIFY_MODEL:-$here/model/cifar10-resnet20.onnx}"
exec "$venv/bin/python" "$here/cloud/local_cloud.py" --folder "${CLOUD_FOLDER:-$root/.build/cloud}" "$@"
