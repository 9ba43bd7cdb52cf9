#!/usr/bin/env bash
# stack.yaml by checkov's rules, with the exceptions of deploy/checkov.yaml. Installs checkov from PyPI below .build.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=.build/checkov
[ -x $venv/bin/checkov ] || {
  python3 -m venv $venv
  $venv/bin/pip install --quiet --disable-pip-version-check checkov==3.3.30
}
# Without its maker's service, which would only add links.
BC_SKIP_MAPPING=TRUE $venv/bin/checkov --config-file deploy/checkov.yaml --file deploy/stack.yaml
