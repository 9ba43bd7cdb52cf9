#!/bin/sh
# Installs the tools, their manual pages and completions: deploy/install-tools.sh PREFIX
#
#   deploy/install-tools.sh ~/.local     then: export PATH=~/.local/bin:$PATH MANPATH=~/.local/share/man:
#
# Builds the tools in release first, or takes them from $BIN. Tools for another architecture are stripped by $STRIP and run by the
# command in $RUN, one word a part (Tests/long/arm64.sh). Needs libjpeg, OpenBLAS and libcurl at run time.
# Status: 0 done, 64 usage, 69 a tool cannot be built or is missing in $BIN.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=${BIN:-$here/../.build/release}
[ $# -eq 1 ] || {
  echo 'usage: install-tools.sh PREFIX' >&2
  exit 64
}
prefix=$1
tools='imgdecode classify s3sync batchsubmit lambda-bootstrap'

if [ -z "${BIN-}" ]; then "$here/build-tools.sh" || exit 69; fi
for tool in $tools; do
  [ -x "$bin/$tool" ] || {
    echo "install-tools.sh: $bin/$tool is missing" >&2
    exit 69
  }
done
share=$prefix/share
mkdir -p "$prefix/bin" "$share/man/man1" "$share/man/man5" "$share/bash-completion/completions" \
  "$share/zsh/site-functions" "$share/fish/vendor_completions.d"
for tool in $tools; do
  "${STRIP:-strip}" -o "$prefix/bin/$tool" "$bin/$tool"
  install -m 644 "$here/../Sources/$tool/$tool.1" "$share/man/man1/"
  ${RUN-} "$bin/$tool" --generate-completion-script bash >"$share/bash-completion/completions/$tool"
  ${RUN-} "$bin/$tool" --generate-completion-script zsh >"$share/zsh/site-functions/_$tool"
  ${RUN-} "$bin/$tool" --generate-completion-script fish >"$share/fish/vendor_completions.d/$tool.fish"
done
install -m 644 "$here/../Sources/Streams/tensor-stream.5" "$share/man/man5/"
