#!/bin/sh
# Prints the event that an HTTP API sends to its function: http-event.sh PATH [JPEG]; GET, or POST with the photograph.
set -eu
[ $# -ge 1 ] || {
  echo 'usage: http-event.sh PATH [JPEG]' >&2
  exit 64
}
if [ $# -ge 2 ]; then method=POST body=$(base64 <"$2" | tr -d '\n'); else method=GET body=''; fi
printf '{"version":"2.0","routeKey":"%s %s","rawPath":"%s","rawQueryString":"","headers":{"content-type":"image/jpeg"},' "$method" "$1" "$1"
printf '"requestContext":{"http":{"method":"%s","path":"%s","protocol":"HTTP/1.1","sourceIp":"127.0.0.1"},"stage":"%s"},' \
  "$method" "$1" "\$default"
printf '"isBase64Encoded":true,"body":"%s"}\n' "$body"
