#!/usr/bin/env bash
# Downloads an official pretrained model: fetch.sh resnet50|squeezenet|mobilenetv2 [FOLDER]
#
# Tries $MODEL_URL (the folder that holds the file), then the mirror, then the old place. A broken-off download is
# resumed; size and SHA-256 are checked before the file gets its name. What the model wants done to pixels, and ImageNet's
# labels where they can be had too, go into a JSON file beside it. Prints the model's path. Status: 0 done, 64 called wrongly,
# 65 what came is not the file, 69 no network or no such file there.
set -euo pipefail

case ${1-} in
resnet50)
  path=resnet/model/resnet50-v1-12.onnx size=102576593
  sum=3f03fdef724b22947eed826f1eef1dc5c34151bb4c37d634f1db89dfa2dd1526
  contract='{"input.mean": [0.485, 0.456, 0.406], "input.std": [0.229, 0.224, 0.225], "input.scale": 0.00392156862745098, "input.channels": "RGB"}'
  ;;
squeezenet)
  path=squeezenet/model/squeezenet1.0-12.onnx size=4952956
  sum=dec81a8684617770b3cf13fadc1d92565d1d453d23935fc6388b792d99c992bd
  contract='{"input.mean": [104, 117, 123], "input.std": [1, 1, 1], "input.scale": 1, "input.channels": "BGR"}'
  ;;
mobilenetv2)
  path=mobilenet/model/mobilenetv2-12.onnx size=13964571
  sum=c0c3f76d93fa3fd6580652a45618618a220fced18babf65774ed169de0432ad5
  contract='{"input.mean": [0.485, 0.456, 0.406], "input.std": [0.229, 0.224, 0.225], "input.scale": 0.00392156862745098, "input.channels": "RGB"}'
  ;;
*)
  echo 'usage: fetch.sh resnet50|squeezenet|mobilenetv2 [FOLDER]' >&2
  exit 64
  ;;
esac

command -v curl >/dev/null || {
  echo 'fetch.sh: no curl on the PATH: apt-get install curl' >&2
  exit 69
}
folder=${2:-$(dirname "$0")}
file=$folder/${path##*/}
part=$file.part

# verified FILE – whether it is the official file.
verified() {
  [ "$(stat -c %s "$1")" -eq "$size" ] && [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$sum" ]
}

if [ -e "$file" ] && verified "$file"; then
  printf '%s\n' "$file"
  exit 0
fi

labels_sum=acf75ef0abe89694b19056e0796401068b459c457baa30335f240c7692857355
named=${MODEL_URL-}
places=()
[ -z "$named" ] || places+=("${named%/}")
places+=(
  'https://huggingface.co/onnxmodelzoo/legacy_models/resolve/main/validated/vision/classification'
  'https://github.com/onnx/models/raw/main/validated/vision/classification'
)

# write_contract – the JSON file beside the model, with the labels if a place has them as they are known.
write_contract() {
  local json=${file%.onnx}.json place labels
  labels=$(mktemp)
  for place in "${places[@]}"; do
    curl --fail --location --silent --connect-timeout 10 --max-time 60 --max-filesize 1000000 --output "$labels" \
      "$place/synset.txt" || continue
    [ "$(sha256sum <"$labels" | cut -d' ' -f1)" = "$labels_sum" ] || continue
    # No label holds a quote or a backslash: the sum vouches for it.
    { printf '%s, "labels": [' "${contract%\}}" && sed 's/.*/"&"/' "$labels" | paste -s -d, && printf ']}\n'; } >"$json"
    rm -f "$labels"
    return
  done
  rm -f "$labels"
  printf '%s\n' "$contract" >"$json"
  echo 'fetch.sh: the labels could not be downloaded: give classify --labels' >&2
}

mkdir -p "$folder"
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
    mv "$part" "$file"
    printf '%s\n' "$file"
    exit 0
  fi
  echo "fetch.sh: $url: not the official file ($(stat -c %s "$part") bytes)" >&2
  rm -f "$part"
  status=65
done
[ "$status" -ne 69 ] || echo 'fetch.sh: the model could not be downloaded from anywhere: is there a network? (MODEL_URL names another place)' >&2
exit "$status"
