#!/bin/sh
# Removes the stack with its images, and says what is left that costs money.
#
#   deploy/uninstall.sh [--region REGION] [--stack NAME] [--bucket NAME] [--delete-bucket] [--yes]
#
#   --region REGION    where; else AWS_REGION or the AWS CLI's configuration
#   --stack NAME       the stack's name (MLServerlessStack)
#   --bucket NAME      the bucket of a deleted stack, where its name is not the one that install.sh makes
#   --delete-bucket    the bucket too, with every image and prediction in it; it is kept otherwise
#   --yes              do not ask
#
# Running it again after a failure continues. Status: 0 nothing is left but what was to be kept, 64 usage error,
# 69 something could not be removed, 75 busy, 77 no credentials, 78 no region, a stack that is not ours, or no terminal to ask on.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tool=uninstall.sh stack=MLServerlessStack region=''
# shellcheck source=deploy/stack.sh
. "$here/stack.sh"

delete_bucket=false yes=false bucket=''
while [ $# -gt 0 ]; do
  common_option "$@"
  case $taken:$1 in
  0:--delete-bucket) delete_bucket=true taken=1 ;;
  0:--yes) yes=true taken=1 ;;
  0:--bucket) needs_value "$@" && bucket=$2 taken=2 ;;
  0:*) fail 64 "$1: no such option (see --help)" ;;
  esac
  shift "$taken"
done

connect
# bucket_exists – whether the bucket is there and ours.
bucket_exists() { aws s3api head-bucket --bucket "$bucket" --expected-bucket-owner "$account" >/dev/null 2>&1; }

status=$(stack_status)
check_own_stack "$status"
case $status in
REVIEW_IN_PROGRESS) ;;
*_CLEANUP_IN_PROGRESS) ;;
*_IN_PROGRESS) fail 75 "stack $stack is $status: wait until that is over" ;;
esac

current=$(stack_bucket "$status")
[ -z "$current" ] || [ -z "$bucket" ] || [ "$current" = "$bucket" ] || fail 64 "--bucket $bucket: stack $stack has $current"
[ -n "$bucket" ] || bucket=${current:-$(default_bucket)}

if [ -n "$status" ]; then
  say "To be removed from account $account in $region: stack $stack ($status), its container images and its logs."
else
  say "There is no stack $stack in account $account in $region."
fi
empty_bucket=false
if bucket_exists; then
  if [ "$delete_bucket" = true ]; then
    owner=$(bucket_owner "$bucket")
    [ -z "$owner" ] || fail 78 "$bucket belongs to stack $owner; nothing was removed"
    empty_bucket=true
    say "To be removed: $bucket and everything in it. This cannot be undone."
  else
    say "To be kept: $bucket (--delete-bucket removes it)."
  fi
fi
[ -n "$status" ] || [ "$empty_bucket" = true ] || exit 0

if [ "$yes" = false ]; then
  [ -t 0 ] || fail 78 'no terminal to ask on: pass --yes'
  printf 'Go on? [y/N] ' >&2
  read -r answer || answer=''
  case $answer in [yY]*) ;; *) fail 64 'nothing was removed' ;; esac
fi

# stop_jobs QUEUE – ends what has not ended, so that nothing keeps costing while the stack is deleted.
stop_jobs() {
  local state job
  aws batch update-job-queue --job-queue "$1" --state DISABLED >/dev/null 2>&1 || return 0
  for state in SUBMITTED PENDING RUNNABLE STARTING RUNNING; do
    for job in $(aws batch list-jobs --job-queue "$1" --job-status "$state" --query 'jobSummaryList[].jobId' --output text); do
      [ "$job" = None ] || aws batch terminate-job --job-id "$job" --reason 'the stack is being removed' >/dev/null || true
    done
  done
}

# image_digests – the digests in a text on standard input, each once, as batch-delete-image takes them.
image_digests() { grep -oE 'sha256:[0-9a-f]{64}' | sort -u | sed 's/^/imageDigest=/'; }

# delete_images REPOSITORY – all of them, a hundred a call. An image that belongs to a list of images is refused until the
# list is gone, so calls go on until one removes nothing; then it returns 1.
delete_images() {
  local digests previous='' refused=''
  while digests=$(aws ecr list-images --repository-name "$1" --no-paginate --max-results 100 --query 'imageIds[].imageDigest' --output text 2>/dev/null |
    image_digests) && [ -n "$digests" ]; do
    [ "$digests" != "$previous" ] || break
    previous=$digests
    # shellcheck disable=SC2086  # one word a digest
    refused=$(aws ecr batch-delete-image --repository-name "$1" --image-ids $digests \
      --query 'failures[].[imageId.imageDigest,failureReason]' --output text) || break
    [ "$(printf '%s' "$refused" | image_digests)" != "$digests" ] || break
  done
  [ -n "$digests" ] || return 0
  show_refused "images of $1 could not be removed:" "$refused"
  return 1
}

# show_refused TEXT LINES – prints TEXT and the first five of LINES, without control characters.
show_refused() {
  say "$1"
  printf '%s\n' "$2" | LC_ALL=C tr -d '\000-\010\013-\037\177' | sed -n '1,5s/^/  /p' >&2
}

# delete_versions FILE – makes the request in FILE. A call that is refused single keys ends with status 0 all the same.
delete_versions() {
  local refused
  refused=$(aws s3api delete-objects --bucket "$bucket" --delete "file://$1" \
    --query 'Errors[].[Key,Message]' --output text) || return 1
  case $refused in '' | None) return 0 ;; esac
  show_refused "objects in $bucket could not be removed:" "$refused"
  return 1
}

# empty – deletes every object, and where there are versions every version, a thousand a call. Returns 1 when one is refused.
empty() {
  local folder status=1
  aws s3 rm "s3://$bucket" --recursive --only-show-errors >&2 || return
  folder=$(mktemp -d)
  # shellcheck disable=SC2016  # JMESPath's own quotes
  while aws s3api list-object-versions --bucket "$bucket" --no-paginate --max-keys 1000 --output json --query \
    '{Objects: [Versions, DeleteMarkers][].{Key: Key, VersionId: VersionId}, Quiet: `true`}' >"$folder/listed"; do
    grep -q '"Key"' "$folder/listed" || {
      status=0
      break
    }
    if cmp -s "$folder/listed" "$folder/deleted"; then
      say "$bucket lists the same objects after they were deleted"
      break
    fi
    mv "$folder/listed" "$folder/deleted"
    delete_versions "$folder/deleted" || break
  done
  rm -r "$folder"
  return "$status"
}

failed=false
if [ -n "$status" ]; then
  outputs=$(stack_outputs)
  queue=$(output jobQueue)
  repository=$(output repository)
  [ -z "$queue" ] || stop_jobs "$queue"
  [ -z "$repository" ] || delete_images "${repository#*/}" ||
    fail 69 "stack $stack was not deleted; run it again when the causes are fixed"
  say "deleting stack $stack; Batch takes a few minutes"
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  # By its id, so that its events can still be read when it is deleted.
  stack_id=$(aws cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].StackId' --output text)
  if ! aws cloudformation delete-stack --stack-name "$stack" ||
    ! aws cloudformation wait stack-delete-complete --stack-name "$stack_id"; then
    say 'What failed:'
    stack_failures "$stack_id" "$since" || true
    failed=true
  fi
fi

if [ "$empty_bucket" = true ]; then
  if ! empty || ! aws s3api delete-bucket --bucket "$bucket" >&2; then failed=true; fi
fi

# What is left, by the tag that CloudFormation puts on everything, and by name.
left=$(
  aws resourcegroupstaggingapi get-resources --tag-filters "Key=aws:cloudformation:stack-name,Values=$stack" \
    --query 'ResourceTagMappingList[].ResourceARN' --output text 2>/dev/null | tr '\t' '\n' | grep -v '^None$' | grep -v ":::$bucket\$" || true
  aws logs describe-log-groups --log-group-name-prefix "/aws/lambda/$stack-" --query 'logGroups[].arn' --output text 2>/dev/null |
    tr '\t' '\n' | grep -v '^None$' || true
)
if [ -n "$left" ]; then
  say 'Left, and may cost money (or is still being deleted; look again in a few minutes):'
  printf '%s\n' "$left" | sort -u | sed 's/^/  /' >&2
fi
if bucket_exists; then
  say "Kept: $bucket; its storage is billed. Remove it with: deploy/uninstall.sh --stack $stack --region $region --bucket $bucket --delete-bucket"
  [ "$bucket" = "$(default_bucket)" ] || say "To use it again: deploy/install.sh --stack $stack --region $region --bucket $bucket"
fi
[ "$failed" = false ] || fail 69 'not everything could be removed; run it again when the causes are fixed'
say 'done'
