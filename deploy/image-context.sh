#!/bin/sh
# Makes the folder that the image is built from: the sources, the scripts and one model.
#
#   deploy/image-context.sh FOLDER MODEL [LABELS]    then: docker build -f FOLDER/deploy/Dockerfile FOLDER
#
# MODEL is an ONNX file, with its JSON file next to it if there is one and the files that hold its weights, or what
# deploy/model/fetch.sh downloads. With TOOLS naming a folder that holds the five tools built for Debian 12 and the image's
# architecture, they are taken and nothing is compiled.
# Status: 0 done, 64 usage error, 65 or 69 the model or its weights could not be read.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] || {
  echo 'usage: image-context.sh FOLDER MODEL [LABELS]' >&2
  exit 64
}
folder=$1 model=$2 labels=${3-}
# shellcheck source=deploy/model/names.sh
. "$here/model/names.sh"

fail() {
  printf 'image-context.sh: %s\n' "$2" >&2
  exit "$1"
}

# external_data MODEL – the files that hold its weights, relative to its folder, one a line. In the file each is a pair of
# strings, the key "location" and a name of up to 127 bytes: 0a 08 location 12 LENGTH NAME.
external_data() {
  local offset before length
  LC_ALL=C grep -aboF location "$1" | cut -d : -f 1 | while read -r offset; do
    [ "$offset" -ge 2 ] || continue
    before=$(od -An -v -tu1 -j $((offset - 2)) -N 12 "$1" | tr -s ' ')
    case $before in ' 10 8 '*' 18 '*) ;; *) continue ;; esac
    length=${before##* }
    case $length in 0 | 12[89] | 1[3-9]? | 2??) continue ;; esac
    tail -c +$((offset + 11)) "$1" | head -c "$length"
    echo
  done | sort -u
}

if is_model_name "$model"; then model=$("$here/model/fetch.sh" "$model"); fi
if [ ! -r "$model" ] || [ -d "$model" ]; then fail 65 "$model: no such file"; fi

mkdir -p "$folder/deploy" "$folder/model" "$folder/tools"
for name in Dockerfile image-entrypoint.sh predict-pipeline infer-objects submit-event batch-entrypoint.sh page.html \
  smoke-test smoke-server http-event.sh photo.jpg; do
  cp "$here/$name" "$folder/deploy/"
done
cp -L "$model" "$folder/model/"
[ ! -e "${model%.onnx}.json" ] || cp -L "${model%.onnx}.json" "$folder/model/"
[ -z "$labels" ] || cp -L "$labels" "$folder/model/labels.txt"
external_data "$model" | while IFS= read -r name; do
  case /$name/ in
  //* | */../*) fail 65 "$model: its weights are in $name, which is not below its folder" ;;
  esac
  [ -r "$(dirname "$model")/$name" ] || fail 65 "$model: its weights are in $name, which is not next to it"
  mkdir -p "$folder/model/$(dirname "$name")"
  cp -L "$(dirname "$model")/$name" "$folder/model/$name"
done
if [ -n "${TOOLS-}" ]; then
  for tool in imgdecode classify s3sync batchsubmit lambda-bootstrap; do
    # This machine's strip may not know another architecture.
    strip -o "$folder/tools/$tool" "$TOOLS/$tool" 2>/dev/null || cp "$TOOLS/$tool" "$folder/tools/$tool"
  done
else
  cp -R "$here/../Package.swift" "$here/../Sources" "$here/../Tests" "$folder/"
  [ ! -e "$here/../Package.resolved" ] || cp "$here/../Package.resolved" "$folder/"
fi
# Lambda ignores the image's user and runs as its own.
chmod -R u+rwX,go+rX "$folder"
