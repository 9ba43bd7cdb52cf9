#!/usr/bin/env bash
# Current architectures of torchvision and timm compared with onnxruntime, exported by both of torch's exporters. Takes hours; ZOO
# chooses some by name.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=.build/zoo
[ -x $venv/bin/python ] || python3 -m venv $venv
if ! cmp -s Tests/zoo/requirements.txt $venv/installed.txt; then
  $venv/bin/pip install --quiet --disable-pip-version-check -r Tests/zoo/requirements.txt
  cp Tests/zoo/requirements.txt $venv/installed.txt
fi
# The comparison must notice one changed weight.
$venv/bin/python Tests/zoo/zoo.py --exporters torchscript --batches fixed --spoil resnet18
# shellcheck disable=SC2086  # one word a name
exec $venv/bin/python Tests/zoo/zoo.py ${ZOO:-}
