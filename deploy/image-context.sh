#!/bin/sh
# Makes the folder that the image is built from: the sources, the scripts and one model.
#
#   deploy/image-context.sh FOLDER MODEL [LABELS]    then: docker build -f FOLDER/deploy/Dockerfile FOLDER
#
# MODEL is an ONNX file (with its JSON file beside it, if there is one) or what deploy/model/fetch.sh downloads.
# With TOOLS naming a folder that holds the five tools built for Debian 12, they are taken and nothing is compiled.
# Status: 0 done, 64 called wrongly, 65 or 69 the model could not be had.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || {
  echo 'usage: image-context.sh FOLDER MODEL [LABELS]' >&2
  exit 64
}
folder=$1 model=$2 labels=${3-}

case $model in
resnet50 | resnet50-int8 | mobilenetv2 | squeezenet | efficientnet-lite0) model=$("$here/model/fetch.sh" "$model") ;;
esac
[ -r "$model" ] || {
  echo "image-context.sh: $model: no such file" >&2
  exit 65
}

mkdir -p "$folder/deploy" "$folder/model" "$folder/tools"
for name in Dockerfile image-entrypoint.sh predict-pipeline infer-objects batch-entrypoint.sh page.html; do
  cp "$here/$name" "$folder/deploy/"
done
cp -L "$model" "$folder/model/"
[ ! -e "${model%.onnx}.json" ] || cp -L "${model%.onnx}.json" "$folder/model/"
[ -z "$labels" ] || cp -L "$labels" "$folder/model/labels.txt"
if [ -n "${TOOLS-}" ]; then
  for tool in imgdecode classify s3sync batchsubmit lambda-bootstrap; do
    strip -o "$folder/tools/$tool" "$TOOLS/$tool"
  done
else
  cp -R "$here/../Package.swift" "$here/../Sources" "$here/../Tests" "$folder/"
  [ ! -e "$here/../Package.resolved" ] || cp "$here/../Package.resolved" "$folder/"
fi
# Lambda runs as a user of its own choice, whatever the image says.
chmod -R u+rwX,go+rX "$folder"
