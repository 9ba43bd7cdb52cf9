# A Debian root folder for builds and tests: making it, and running commands inside. Sourced by the scripts that need one; run as root.
# shellcheck shell=bash

# The Debian mirror that this machine installs from.
mirror() { awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/*.sources 2>/dev/null ||
  awk '/^deb / { print $2; exit }' /etc/apt/sources.list; }

# make_root FOLDER SUITE – debootstraps FOLDER once; an incomplete folder of an interrupted run is replaced.
make_root() {
  local root=$1 suite=$2
  [ ! -e "$root/.complete" ] || return 0
  rm -rf "$root"
  mkdir -p "$root"
  debootstrap --variant=minbase "$suite" "$root" "$(mirror)" >&2
  echo 'Acquire::Check-Valid-Until false;' >"$root/etc/apt/apt.conf.d/99valid-until" # a mirror may be some weeks old
  touch "$root/.complete"
}

# inside ROOT COMMAND… – the command in the root folder, with /proc, /dev and every folder of $MOUNT mounted for as long as it runs.
# shellcheck disable=SC2016  # expanded by the inner shell
inside() {
  unshare --mount bash -c 'root=$1; shift
    mount --bind /proc "$root/proc"; mount --rbind /dev "$root/dev"
    for folder in ${MOUNT:-}; do mkdir -p "$root$folder"; mount --bind "$folder" "$root$folder"; done
    exec chroot "$root" "$@"' - "$@"
}

# copy_settings ROOT – how this machine reaches its package registries and git repositories.
copy_settings() {
  local file
  for file in /etc/resolv.conf /etc/pip.conf /etc/gitconfig /etc/ssl/certs/ca-certificates.crt; do
    [ ! -f "$file" ] || install -D -m 644 "$file" "$1$file"
  done
  [ ! -f ~/.gitconfig ] || install -D -m 644 ~/.gitconfig "$1/root/.gitconfig"
  [ ! -f ~/.config/pip/pip.conf ] || install -D -m 644 ~/.config/pip/pip.conf "$1/root/.config/pip/pip.conf"
}

# mounts FOLDER… – those of the folders that exist, one after the other, for $MOUNT.
mounts() {
  local folder
  for folder; do [ ! -d "$folder" ] || printf '%s ' "$folder"; done
}
