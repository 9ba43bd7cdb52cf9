#!/bin/sh
# Throughput, latency and errors of an API under load: loadtest.sh URL JPEG [SECONDS]
#
# Posts the photograph to URL/predict over 1, 2, 8 and 32 connections, each for SECONDS (10), with Debian's wrk, and prints
# a line for each: requests a second, p50 and p99 in milliseconds, answers other than 200, broken connections.
# Only addresses of this machine, unless LOADTEST_ANYWHERE=1: requests to AWS cost money and are throttled there.
# Status: 0 measured, 64 usage error, 69 nothing answers at URL.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=deploy/packages.sh
. "$here/packages.sh"

if [ $# -lt 2 ] || [ ! -r "$2" ]; then
  echo 'usage: loadtest.sh URL JPEG [SECONDS]' >&2
  exit 64
fi
url=${1%/} photo=$2 seconds=${3:-10}
case $url in
http://127.0.0.1:* | http://localhost:*) ;;
*) [ "${LOADTEST_ANYWHERE-}" = 1 ] || {
  echo "loadtest.sh: $url is not this machine; LOADTEST_ANYWHERE=1 allows it" >&2
  exit 64
} ;;
esac
install_packages wrk curl
curl -sSf -o /dev/null --max-time 60 -H 'Content-Type: image/jpeg' --data-binary "@$photo" "$url/predict" || {
  echo "loadtest.sh: $url/predict: no prediction" >&2
  exit 69
}

script=$(mktemp)
trap 'rm -f "$script"' EXIT
# A signal ends some shells without the line above.
trap 'exit 130' INT
trap 'exit 143' TERM HUP
cat >"$script" <<'LUA'
local file = assert(io.open(os.getenv("LOADTEST_PHOTO"), "rb"))
wrk.method, wrk.body = "POST", file:read("*a")
wrk.headers["Content-Type"] = "image/jpeg"
file:close()
function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %.1f %.1f %.1f %d %d\n", summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
LUA
printf '%11s %12s %8s %8s %8s %7s\n' connections requests/s 'p50 ms' 'p99 ms' 'not 200' broken
for connections in 1 2 8 32; do
  LOADTEST_PHOTO=$photo wrk --threads 1 --connections "$connections" --duration "${seconds}s" --timeout 30s --script "$script" "$url/predict" |
    awk -v c="$connections" '$1 == "RESULT" { n++; printf "%11d %12.1f %8.1f %8.1f %8d %7d\n", c, $2, $3, $4, $5, $6 }
      END { exit !n }' || {
    echo "loadtest.sh: wrk measured nothing over $connections connections" >&2
    exit 69
  }
done
