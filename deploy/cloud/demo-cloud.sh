#!/bin/sh
# The whole cloud on one machine, without an AWS account: demo-cloud.sh [--serve] [--port N] [JPEG…]
#
# Classifies the photographs twice: uploaded to a bucket and through Batch, and by HTTP. --serve keeps everything running,
# with a page to try at http://127.0.0.1:8080/, until Ctrl-C. Needs the five tools in .build/release or in $BIN.
# CLASSIFY_MODEL names the model; without it, it is the embedded one. Logs are in .build/cloud/run, or $CLOUD_FOLDER. Everything listens on the loopback interface only,
# and is ended when the script ends. stdout: a line of JSON for each photograph, then the first one's answer by HTTP.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
root=$(dirname "$here")
# shellcheck source=deploy/packages.sh
. "$here/packages.sh"

install_packages python3-venv
venv=${CLOUD_VENV:-$root/.build/cloud/venv}
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check 'moto[server]' boto3 pyyaml
fi
bin=$(cd "${BIN:-$root/.build/release}" && pwd)
for tool in imgdecode classify s3sync batchsubmit lambda-bootstrap; do
  [ -x "$bin/$tool" ] || {
    echo "demo-cloud.sh: $bin/$tool is not there: build it with swift build -c release --static-swift-stdlib" >&2
    exit 69
  }
done
export PATH="$bin:$PATH"
export CLASSIFY_MODEL="${CLASSIFY_MODEL:-$here/model/cifar10-resnet20.onnx}"
exec "$venv/bin/python" "$here/cloud/local_cloud.py" --folder "${CLOUD_FOLDER:-$root/.build/cloud/run}" "$@"
