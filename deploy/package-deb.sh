#!/usr/bin/env bash
# Makes a Debian package of the five tools, with manual pages and completions for bash, zsh and fish.
#
#   deploy/package-deb.sh [FOLDER]      image-classification_VERSION_ARCHITECTURE.deb in FOLDER (.build); prints its path
#
# Builds the tools in release first, or takes them from $BIN, with $STRIP and $RUN as install-tools.sh. The package is for the
# architecture of the tools, and for Debian releases with the C library that they need.
# Status: 0 done, 69 a tool cannot be built, is missing in $BIN or is for an architecture that Debian has no name for here.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=${BIN:-$here/../.build/release}
target=${1:-$here/../.build}
tools=(imgdecode classify s3sync batchsubmit lambda-bootstrap)

if [ -z "${BIN-}" ]; then "$here/build-tools.sh" || exit 69; fi
for tool in "${tools[@]}"; do
  [ -x "$bin/$tool" ] || {
    echo "package-deb.sh: $bin/$tool is missing" >&2
    exit 69
  }
done
# shellcheck disable=SC2086  # a command in words, or none
version=$(${RUN-} "$bin/imgdecode" --version)
# Bytes 18 and 19 of an ELF file name its machine.
case $(od -An -tu2 -j18 -N2 "$bin/imgdecode" | tr -d ' ') in
62) architecture=amd64 ;;
183) architecture=arm64 ;;
*)
  echo "package-deb.sh: $bin/imgdecode is neither for x86-64 nor for 64-bit Arm" >&2
  exit 69
  ;;
esac
# The newest symbols of the C library that the tools use.
libc=$(for tool in "${tools[@]}"; do readelf -V "$bin/$tool"; done | grep -oE 'GLIBC_[0-9.]+' | sed 's/GLIBC_//' | sort -V | tail -n 1)
# The same sources make the same package: its dates are the last commit's.
epoch=${SOURCE_DATE_EPOCH:-$(git -C "$here" log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH=$epoch

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
share=$root/usr/share
mkdir -p "$root/DEBIAN" "$share/doc/image-classification"
BIN=$bin "$here/install-tools.sh" "$root/usr"
gzip -9n "$share"/man/man*/*
mv "$share/zsh/site-functions" "$share/zsh/vendor-completions" # where Debian's zsh looks
cp "$here/../LICENSE" "$share/doc/image-classification/copyright"
cat >"$root/DEBIAN/control" <<END
Package: image-classification
Version: $version
Architecture: $architecture
Maintainer: The image-classification authors <noreply@example.com>
Depends: libc6 (>= $libc), libgcc-s1, libstdc++6, libjpeg62-turbo, libopenblas0-serial | libopenblas0, libcurl4, ca-certificates
Installed-Size: $(du -sk "$root/usr" | cut -f1)
Section: science
Priority: optional
Description: image classification from small Unix tools
 imgdecode turns JPEGs into tensors, classify turns tensors into predictions with an ONNX network, s3sync moves objects
 between S3, folders and pipes, batchsubmit submits AWS Batch jobs, and lambda-bootstrap runs a pipeline as an AWS Lambda
 function.
END
chmod -R u+rwX,go+rX,go-w "$root"
find "$root" -exec touch -h -d "@$epoch" {} +
mkdir -p "$target"
package=$target/image-classification_${version}_$architecture.deb
dpkg-deb --root-owner-group -Zgzip --build "$root" "$package" >&2
printf '%s\n' "$package"
