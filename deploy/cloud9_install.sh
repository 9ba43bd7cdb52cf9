#!/bin/sh
# install.sh on AWS Cloud9: first makes the disk large enough to build the image. Takes install.sh's options.
#
#   deploy/cloud9_install.sh [OPTION of install.sh…]
#
# Cloud9 is closed to new customers; on an EC2 instance with 20 GiB free, run install.sh itself. CloudShell is too small to
# build the image: it has 1 vCPU, 2 GiB of memory and 1 GB that persists. doctor.sh, uninstall.sh and an install.sh that
# finds the image pushed already do run there.
# Status: install.sh's, or 69 when the disk could not be grown.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tool=cloud9_install.sh
# What the toolchain image, the build and the result need together.
needed_gib=20
volume_gib=40

fail() {
  printf '%s: %s\n' "$tool" "$2" >&2
  exit "$1"
}

# metadata PATH – prints one entry of this instance's metadata.
metadata() {
  local service=http://169.254.169.254/latest token
  token=$(curl -sSf --noproxy '*' -m 5 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$service/api/token") &&
    curl -sSf --noproxy '*' -m 5 -H "X-aws-ec2-metadata-token: $token" "$service/meta-data/$1"
}

# grow_root – enlarges the volume below /, then its partition, then its file system.
grow_root() {
  local region instance answer volume='' size='' state=modifying device partition disk type
  region=$(metadata placement/region) || fail 69 'no instance metadata: this is not an EC2 instance; run install.sh'
  instance=$(metadata instance-id)
  answer=$(aws ec2 describe-volumes --region "$region" --output text --query 'Volumes[0].[VolumeId,Size]' \
    --filters "Name=attachment.instance-id,Values=$instance" Name=attachment.device,Values=/dev/xvda,/dev/sda1) ||
    fail 69 "$instance: its volume cannot be found"
  read -r volume size <<END
$answer
END
  if [ "$size" -lt "$volume_gib" ]; then
    echo "$tool: growing $volume from $size to $volume_gib GiB" >&2
    aws ec2 modify-volume --region "$region" --volume-id "$volume" --size "$volume_gib" >/dev/null ||
      fail 69 "$volume: could not be grown"
    while [ "$state" = modifying ]; do
      sleep "${CLOUD9_POLL_SECONDS:-3}"
      state=$(aws ec2 describe-volumes-modifications --region "$region" --volume-ids "$volume" --output text \
        --query 'VolumesModifications[0].ModificationState')
    done
    [ "$state" != failed ] || fail 69 "$volume: could not be grown"
  fi
  device=$(findmnt -n -o SOURCE /)
  type=$(findmnt -n -o FSTYPE /)
  disk=$(lsblk -n -o PKNAME "$device" | head -1)
  partition=${device##*[!0-9]}
  # 1 is "nothing to grow".
  sudo growpart "/dev/$disk" "$partition" >&2 || [ $? -eq 1 ] || fail 69 "$device: its partition could not be grown"
  case $type in
  xfs) sudo xfs_growfs / >&2 ;;
  *) sudo resize2fs "$device" >&2 ;;
  esac
}

free_gib=$(df --output=avail -BG / | tail -1 | tr -dc 0-9)
[ "$free_gib" -ge "$needed_gib" ] || grow_root
exec "$here/install.sh" "$@"
