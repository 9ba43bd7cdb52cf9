#!/bin/sh
# What the image runs: its command is the role.
#
#   predict   the Lambda function behind the HTTP API
#   submit    the Lambda function that turns S3 events into Batch jobs
#   objects   a Lambda function that classifies objects of S3 within one event
#   batch     one child of a Batch job
#   check     classifies a photograph through predict and batch, without AWS
#   anything else is run as it is: docker run IMAGE classify --describe
set -eu

# The model is the one ONNX file that the image was built with.
if [ -z "${CLASSIFY_MODEL-}" ]; then
  for CLASSIFY_MODEL in /opt/model/*.onnx; do break; done
fi
if [ -z "${CLASSIFY_LABELS-}" ] && [ -e /opt/model/labels.txt ]; then export CLASSIFY_LABELS=/opt/model/labels.txt; fi
export CLASSIFY_MODEL

case ${1-} in
predict) exec lambda-bootstrap --http --page "${PAGE:-/opt/deploy/page.html}" -- predict-pipeline ;;
submit) exec lambda-bootstrap -- submit-event --prefix-filter input/ ;;
objects) exec lambda-bootstrap -- infer-objects ;;
batch) exec batch-entrypoint.sh ;;
check) exec smoke-test "$0" "${PHOTO:-/opt/deploy/photo.jpg}" ;;
'')
  echo 'image-entrypoint.sh: no role: predict, submit, objects, batch or check' >&2
  exit 64
  ;;
*) exec "$@" ;;
esac
