#!/usr/bin/env bash
# What each container of a Batch job runs. The environment says what to do:
#
#   MANIFEST, FIRST, OUTPUT, AWS_BATCH_JOB_ARRAY_INDEX   one child: the images of manifest number FIRST + index, of which
#                                                        the predictions become OUTPUT/<run>/part-<number>.ndjson
#   MANIFEST, OUTPUT, MERGE_PARTS                        all parts, joined into OUTPUT/<run>/predictions.ndjson
#   INPUT_BUCKET, FILE_NAME                              one image, as the reference sample names it: input/FILE_NAME of
#                                                        the bucket, whose predictions become output/FILE_NAME.csv
#
# <run> is the last part of MANIFEST, so what a child writes depends on its manifest alone and a retry overwrites it.
# IMGDECODE_OPTIONS and CLASSIFY_OPTIONS hold further flags, separated by spaces; CLASSIFY_MODEL names the model.
# With LOG_FORMAT=json the last line on standard error is one JSON object with the figures of this container:
#   {"time","level","event":"batch-child","job","index","images","failed":{CODE:N},"seconds","status"}
# The status is the pipeline's leftmost that is neither 0 nor 141; nothing is published unless every stage exits with 0.
set -uo pipefail
export LC_ALL=C
started=${EPOCHREALTIME/./}

fail() { # STATUS REASON
  printf 'batch-entrypoint: %s\n' "$2" >&2
  exit "$1"
}

# Prints a whole number of at most nine digits, without sign, without its leading zeros.
whole_number() { # NAME VALUE
  [[ $2 =~ ^[0-9]{1,9}$ ]] || fail 64 "$1: not a whole number"
  printf '%d' "$((10#$2))"
}

# Prints s3://bucket/prefix, which has no control characters, without a slash at its end.
prefix() { # NAME VALUE
  [[ $2 =~ ^s3://[A-Za-z0-9._-]{3,255}/[^/[:cntrl:]] && ! $2 =~ [[:cntrl:]] && ${#2} -le 1024 ]] ||
    fail 64 "$1: not s3://bucket/prefix"
  printf '%s' "${2%/}"
}

# Only letters, digits and . _ , = / : + - are allowed: no shell metacharacters, globs or quotes.
flags() { # NAME VALUE
  [[ $2 =~ ^[A-Za-z0-9\ ._,=/:+-]*$ ]] || fail 64 "$1: holds more than plain words"
}

# The first process of a container receives only signals that it has a trap for.
group='' interrupted=''
terminate() {
  interrupted=yes
  [ -z "$group" ] || kill -TERM -- "-$group" 2>/dev/null
}
trap terminate TERM INT

# Runs a command in a process group of its own, to all of which TERM and INT are passed on, and gives its status.
in_process_group() { # COMMAND [ARG…]
  local status patience
  [ -z "$interrupted" ] || exit 143
  set -m
  ("$@") &
  group=$!
  set +m
  # A signal that came before the group's number was known is passed on now.
  [ -z "$interrupted" ] || terminate
  # A trapped signal ends `wait` early, with a status over 128; the group is waited for all the same.
  while
    wait "$group"
    status=$?
    kill -0 "$group" 2>/dev/null
  do :; done
  # The stages of an interrupted pipeline clean up after themselves; Fargate kills 30 seconds after its TERM.
  for ((patience = 0; patience < 100; patience++)); do
    kill -0 -- "-$group" 2>/dev/null || break
    sleep 0.1
  done
  kill -KILL -- "-$group" 2>/dev/null
  group=''
  [ -z "$interrupted" ] || exit 143
  return "$status"
}

# Prints what was done, the seconds since the start, and images per second; in JSON the last line has that.
summary() { # WHAT IMAGES
  local microseconds=$((${EPOCHREALTIME/./} - started)) tenths
  images=$2
  [ "${LOG_FORMAT-text}" != json ] || return 0
  tenths=$(($2 * 10000000 / (microseconds > 0 ? microseconds : 1)))
  printf 'batch-entrypoint: %s, %d.%d s, %d.%d images/s\n' "$1" \
    $((microseconds / 1000000)) $((microseconds / 100000 % 10)) $((tenths / 10)) $((tenths % 10)) >&2
}

# Prints the failed items of a file of predictions by code, as the members of a JSON object. An error's object begins with
# its tool and code; in a label the quotation marks would be escaped.
failed_by_code() { # FILE
  grep -o '"error":{"tool":"[^"]*","code":"[^"]*"' "$1" | sed 's/.*"code"://' | sort | uniq -c |
    awk '{ printf "%s%s:%d", separator, $2, $1; separator = "," }'
}

# The figures of this container in one line of JSON, written on success and failure alike.
log_line() { # STATUS
  local microseconds=$((${EPOCHREALTIME/./} - started)) level=info job=${AWS_BATCH_JOB_ID-} index=${AWS_BATCH_JOB_ARRAY_INDEX-}
  [ "${LOG_FORMAT-text}" = json ] || return 0
  [ "$1" -eq 0 ] || level=error
  [[ $job =~ ^[A-Za-z0-9:_-]*$ ]] || job=''
  [[ $index =~ ^[0-9]{1,9}$ ]] || index=0
  printf '{"time":"%(%Y-%m-%dT%H:%M:%SZ)T","level":"%s","event":"batch-child","job":"%s","index":%d,"images":%d,' \
    -1 "$level" "${job%%:*}" "$((10#$index))" "$images" >&2
  printf '"failed":{%s},"seconds":%d.%03d,"status":%d}\n' "$failed" $((microseconds / 1000000)) $((microseconds / 1000 % 1000)) "$1" >&2
}

# The leftmost status that is neither 0 nor 141 (SIGPIPE: its reader failed, and says why itself); 141 where all others are 0.
pipeline_status() { # STATUS…
  local status broken=0
  for status; do
    case $status in
    0) ;;
    141) broken=141 ;;
    *) return "$status" ;;
    esac
  done
  return "$broken"
}

# Neither stage gets a number of threads: both take all processors, and the pipe divides them by the work there is
# (Sources/decisions/threads.md).
classify_manifest() {
  s3sync --files-from "$work/manifest.ndjson" - |
    imgdecode "${imgdecode_options[@]}" |
    classify "${classify_options[@]}" >"$work/part.ndjson"
  pipeline_status "${PIPESTATUS[@]}"
}

# One child of an array, or the only one.
run_child() {
  local first index number target expected errors
  first=$(whole_number FIRST "${FIRST-}") || exit
  index=$(whole_number AWS_BATCH_JOB_ARRAY_INDEX "${AWS_BATCH_JOB_ARRAY_INDEX-0}") || exit
  number=$(printf '%05d' "$((first + index))")
  target=$output/${manifest##*/}/part-$number.ndjson

  in_process_group s3sync "$manifest/$number.ndjson" - >"$work/manifest.ndjson" || exit
  in_process_group classify_manifest || exit
  # Every image is a line: its predictions, or its error. Counted, so that a missing line is noticed.
  images=$(wc -l <"$work/part.ndjson")
  expected=$(wc -l <"$work/manifest.ndjson")
  [ "$images" -eq "$expected" ] || fail 74 "$images lines for $expected images; nothing is published"
  errors=$(grep -c '"error":{"tool":"' "$work/part.ndjson")
  failed=$(failed_by_code "$work/part.ndjson")
  in_process_group s3sync --quiet "$work/part.ndjson" "$target" || exit

  summary "$target: $images images, $errors errors" "$images"
}

# join_parts COUNT PREFIX – concatenates the parts of all children.
join_parts() {
  local number
  for ((number = 0; number < $1; number++)); do
    s3sync "$2/part-$(printf '%05d' "$number").ndjson" - || return
  done >"$work/predictions.ndjson"
}

# The job that comes after all children. A missing part ends it.
run_merge() {
  local parts manifest_output=$output/${manifest##*/}
  parts=$(whole_number MERGE_PARTS "$MERGE_PARTS") || exit
  in_process_group join_parts "$parts" "$manifest_output" || exit
  in_process_group s3sync --quiet "$work/predictions.ndjson" "$manifest_output/predictions.ndjson" || exit
  summary "$manifest_output/predictions.ndjson: $parts parts" "$(wc -l <"$work/predictions.ndjson")"
}

classify_file() {
  cd "$work/image" || return 74
  imgdecode --strict "${imgdecode_options[@]}" -- "$name" |
    classify --format csv "${classify_options[@]}" >"$work/part.csv"
  pipeline_status "${PIPESTATUS[@]}"
}

# The reference sample's one image. A bad image fails the job, since there is no other.
run_image() {
  local path name target
  [[ ${INPUT_BUCKET-} =~ ^[A-Za-z0-9._-]{3,255}$ ]] || fail 64 'INPUT_BUCKET: not the name of a bucket'
  path=${FILE_NAME#input/}
  name=${path##*/}
  [[ -n $path && ! $path =~ [[:cntrl:]] && ${#path} -le 1000 ]] || fail 64 'FILE_NAME: not a key'
  [[ -n $name && $name != . && $name != .. && ${#name} -le 255 ]] || fail 64 'FILE_NAME: names a folder, not an image'
  target=s3://$INPUT_BUCKET/output/${path%.*}.csv
  [[ $name == *.* ]] || target=s3://$INPUT_BUCKET/output/$path.csv

  mkdir "$work/image" || exit 74
  in_process_group s3sync "s3://$INPUT_BUCKET/input/$path" - >"$work/image/$name" || exit
  in_process_group classify_file || exit
  in_process_group s3sync --quiet "$work/part.csv" "$target" || exit
  summary "$target" 1
}

work='' images=0 failed=''
trap 'status=$?; rm -rf "$work"; TZ=UTC log_line "$status"' EXIT

flags IMGDECODE_OPTIONS "${IMGDECODE_OPTIONS-}"
flags CLASSIFY_OPTIONS "${CLASSIFY_OPTIONS-}"
read -ra imgdecode_options <<<"${IMGDECODE_OPTIONS-}"
read -ra classify_options <<<"${CLASSIFY_OPTIONS-}"

work=$(mktemp -d) || exit 74

if [ -n "${FILE_NAME-}" ]; then
  [ -z "${MANIFEST-}" ] || fail 64 'MANIFEST and FILE_NAME exclude each other'
  run_image
else
  manifest=$(prefix MANIFEST "${MANIFEST-}") || exit
  output=$(prefix OUTPUT "${OUTPUT-}") || exit
  if [ -n "${MERGE_PARTS-}" ]; then run_merge; else run_child; fi
fi
