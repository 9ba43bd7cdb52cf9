#!/bin/sh
# Installs or updates the stack: an HTTP API on Lambda, and AWS Batch behind an S3 prefix.
#
#   deploy/install.sh [OPTION…]
#
#   --region REGION             where; else AWS_REGION or the AWS CLI's configuration
#   --stack NAME                the stack's name (MLServerlessStack)
#   --bucket NAME               the bucket's name (made from stack, account and region); one that exists is taken over
#   --model PATH|NAME           an ONNX file, or what deploy/model/fetch.sh downloads: resnet50, resnet50-int8,
#                               efficientnet-lite0, mobilenetv2, squeezenet (resnet50)
#   --labels PATH               one label a line; a model may carry its own
#   --build                     build and push an image although nothing in it has changed
#   --compute KIND              fargate, fargate-spot or ec2
#   --architecture ARCH         X86_64 or ARM64
#   --max-vcpus N               the most vCPUs that batch jobs use at once
#   --lambda-memory MB          1769 is one vCPU
#   --lambda-concurrency N      reserved for the predict function; 0 reserves none
#   --auth none|iam|jwt         who may call the API: everyone, callers who sign, or callers with a token
#   --jwt-issuer URL --jwt-audience ID[,ID]    for --auth jwt
#   --network public|private    where batch containers run; private pays for interface endpoints
#   --vpc ID --subnets ID,ID    an existing network instead of the stack's own
#   --alarm-email ADDRESS       where alarms go
#   --kms-key ARN               encrypts the bucket, queues, topic and logs; its policy must allow their services
#   --tags NAME=VALUE[,…]       on everything in the stack
#   --permissions-boundary ARN  limits every role of the stack
#   --versioning on|off         whether S3 keeps earlier versions of objects, for 30 days
#   --access-log s3://BUCKET/PREFIX    where S3 writes its access log; '' writes none
#   --log-format json|text      of functions and batch children
#   --dry-run                   print what would change and change nothing
#
# What is not given keeps its value from the last run, the image included while nothing in it has changed. A new image is
# tested before it is pushed, and again before the API calls it. Needs the AWS CLI and docker, podman or buildah.
# Status: 0 done, 64 usage error, 69 AWS refused or something is missing, 75 busy, 77 no credentials, 78 no region, or a
# stack of that name that is not ours.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tool=install.sh stack=MLServerlessStack region=''
# shellcheck source=deploy/stack.sh
. "$here/stack.sh"
# shellcheck source=deploy/model/names.sh
. "$here/model/names.sh"
# shellcheck source=deploy/install/checks.sh
. "$here/install/checks.sh"
# shellcheck source=deploy/install/changes.sh
. "$here/install/changes.sh"
# shellcheck source=deploy/install/image.sh
. "$here/install/image.sh"
# shellcheck source=deploy/install/release.sh
. "$here/install/release.sh"

# ── Options ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

model='' labels='' build=false dry_run=false vpc='' subnets='' max_vcpus='' lambda_concurrency='' compute='' network=''
architecture='' bucket='' auth='' jwt_issuer='' jwt_audience='' kms_key='' access_log='' versioning=''

while [ $# -gt 0 ]; do
  common_option "$@"
  [ "$taken" -eq 0 ] || {
    shift "$taken"
    continue
  }
  case $1 in
  --build) build=true ;;
  --dry-run) dry_run=true ;;
  --*)
    option=$1
    [ $# -ge 2 ] || case $option in
    --model | --labels | --bucket | --compute | --architecture | --max-vcpus | --lambda-memory | --lambda-concurrency | --auth | \
      --jwt-issuer | --jwt-audience | --network | --vpc | --subnets | --alarm-email | --kms-key | --tags | \
      --permissions-boundary | --versioning | --access-log | --log-format) needs_value "$@" ;;
    *) fail 64 "$1: no such option (see --help)" ;;
    esac
    value=$2
    case $option in
    --model) model=$value ;;
    --labels) labels=$value ;;
    --bucket) bucket=$value ;;
    --compute) compute=$value && set_parameter Compute "$value" ;;
    --architecture) architecture=$value && set_parameter Architecture "$value" ;;
    --max-vcpus) max_vcpus=$value && set_parameter MaxVcpus "$value" ;;
    --lambda-memory) set_parameter LambdaMemory "$value" ;;
    --lambda-concurrency) lambda_concurrency=$value && set_parameter LambdaConcurrency "$value" ;;
    --auth) auth=$value && set_parameter Auth "$value" ;;
    --jwt-issuer) jwt_issuer=$value && set_parameter JwtIssuer "$value" ;;
    --jwt-audience) jwt_audience=$value && set_parameter JwtAudience "$value" ;;
    --network) network=$value ;;
    --vpc) vpc=$value && set_parameter VpcId "$value" ;;
    --subnets) subnets=$value && set_parameter SubnetIds "$value" ;;
    --alarm-email) set_parameter AlarmEmail "$value" ;;
    --kms-key) kms_key=$value && set_parameter KmsKeyArn "$value" ;;
    --permissions-boundary) set_parameter PermissionsBoundary "$value" ;;
    --log-format) set_parameter LogFormat "$value" ;;
    --versioning) versioning=$value ;;
    --access-log)
      case $value in
      '') ;;
      s3://?*) access_log=${value#s3://} ;;
      *) fail 64 "--access-log $value: not s3://BUCKET/PREFIX" ;;
      esac
      case $access_log in */*) set_parameter AccessLogPrefix "${access_log#*/}" ;; esac
      access_log=${access_log%%/*}
      set_parameter AccessLogBucket "$access_log"
      ;;
    --tags)
      tags=$(printf '%s' "$value" | tr , '\n')
      printf '%s\n' "$tags" | grep -qv '.=' && fail 64 "--tags $value: not NAME=VALUE,NAME=VALUE"
      ;;
    *) fail 64 "$1: no such option (see --help)" ;;
    esac
    shift
    ;;
  *) fail 64 "$1: no such option (see --help)" ;;
  esac
  shift
done

case $stack in
'' | [!A-Za-z]* | *[!A-Za-z0-9-]* | ?????????????????????????????????????????*)
  fail 64 "--stack $stack: a letter, then letters, digits and -, at most 40"
  ;;
esac
case $bucket in
'') ;;
?? | ? | [!a-z0-9]* | *[!a-z0-9.-]* | *..* | *[!a-z0-9]) fail 64 "--bucket $bucket: 3 to 63 small letters, digits, . and -" ;;
esac
[ ${#bucket} -le 63 ] || fail 64 "--bucket $bucket: at most 63 characters"
case $compute in '' | fargate | fargate-spot | ec2) ;; *) fail 64 "--compute $compute: fargate, fargate-spot or ec2" ;; esac
case $network in '' | public | private) ;; *) fail 64 "--network $network: public or private" ;; esac
case $architecture in '' | X86_64 | ARM64) ;; *) fail 64 "--architecture $architecture: X86_64 or ARM64" ;; esac
case $max_vcpus in *[!0-9]*) fail 64 "--max-vcpus $max_vcpus: not a number" ;; esac
case $lambda_concurrency in *[!0-9]*) fail 64 "--lambda-concurrency $lambda_concurrency: not a number" ;; esac
case $auth in '' | none | iam | jwt) ;; *) fail 64 "--auth $auth: none, iam or jwt" ;; esac
case $jwt_issuer in '' | https://?*) ;; *) fail 64 "--jwt-issuer $jwt_issuer: not an https address" ;; esac
if [ "$auth" = jwt ] && { [ -z "$jwt_issuer" ] || [ -z "$jwt_audience" ]; }; then
  fail 64 '--auth jwt needs --jwt-issuer and --jwt-audience too'
fi
case $kms_key in '' | arn:*:kms:*:key/?*) ;; *) fail 64 "--kms-key $kms_key: not the ARN of a key" ;; esac
case $versioning in '' | on | off) ;; *) fail 64 "--versioning $versioning: on or off" ;; esac
if [ -n "$vpc" ] && [ -z "$subnets" ]; then fail 64 '--vpc needs --subnets too'; fi
if [ -n "$subnets" ] && [ -z "$vpc" ]; then fail 64 '--subnets needs --vpc too'; fi
[ -z "$labels" ] || [ -r "$labels" ] || fail 64 "--labels $labels: cannot be read"
[ -z "$labels" ] || [ -n "$model" ] || fail 64 '--labels needs --model too'

# ── Checks: everything that is missing is said before anything is changed ───────────────────────────────────────────────

connect
say "account $account as ${caller##*/} in $region, stack $stack"
status=$(stack_status)
check_own_stack "$status"
case $status in
*_CLEANUP_IN_PROGRESS) ;;
*_IN_PROGRESS) [ "$status" = REVIEW_IN_PROGRESS ] || fail 75 "stack $stack is $status: wait until that is over" ;;
UPDATE_ROLLBACK_FAILED) fail 69 "stack $stack is $status: run aws cloudformation continue-update-rollback --stack-name $stack" ;;
esac

current_image='' current_version='' current_model='' current_labels='' current_bucket='' current_architecture='' builder='' import=false
case $status in
'' | ROLLBACK_COMPLETE | ROLLBACK_FAILED | CREATE_FAILED | REVIEW_IN_PROGRESS | DELETE_FAILED | IMPORT_ROLLBACK_COMPLETE) ;;
*)
  current_image=$(parameter ImageUri)
  current_version=$(parameter LiveVersion)
  current_model=$(parameter Model)
  current_labels=$(parameter Labels)
  current_bucket=$(stack_bucket "$status")
  current_architecture=$(parameter Architecture)
  [ -n "$architecture" ] || architecture=$current_architecture
  [ -n "$compute" ] || compute=$(parameter Compute)
  [ -n "$max_vcpus" ] || max_vcpus=$(parameter MaxVcpus)
  # Tags that are not given again would be removed.
  [ -n "$tags" ] || tags=$(aws cloudformation describe-stacks --stack-name "$stack" --output text \
    --query 'Stacks[0].Tags[].[Key,Value]' | grep -v '^None$' | sed "s/$tab/=/" || true)
  case $versioning:$(parameter BucketVersioning) in off:Enabled | off:Suspended) versioning=suspend ;; esac
  ;;
esac
case $versioning in
on) set_parameter BucketVersioning Enabled ;;
off) set_parameter BucketVersioning off ;;
suspend) set_parameter BucketVersioning Suspended ;;
esac
if [ -n "$current_bucket" ]; then
  [ -z "$bucket" ] || [ "$bucket" = "$current_bucket" ] || fail 78 "--bucket $bucket: stack $stack has $current_bucket, which cannot change"
  bucket=$current_bucket
else
  [ -n "$bucket" ] || bucket=$(default_bucket)
  check_bucket
  [ -n "$vpc" ] || check_zones
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# A signal ends some shells without the line above.
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# The image is built again when a part of it has changed, and stays as it is when none is named and the last run's model is
# not on this machine.
digest='' image=$current_image
if [ -n "$current_image" ] && [ -z "$model" ] && [ "$build" = false ]; then
  model=$current_model labels=$current_labels
  if [ -z "$model" ] || ! prepare_context; then
    say "note: the image stays as it is, since its model ${model:-} is not on this machine"
    digest='' model=''
    [ -z "$architecture" ] || [ "$architecture" = "$current_architecture" ] ||
      lacks "--model: the image must be built again for $architecture"
  fi
else
  [ -n "$model" ] || model=${current_model:-resnet50} labels=$current_labels
  is_model_name "$model" || [ -r "$model" ] || lacks "--model $model: no such file, and none of the names $model_names"
  # A path means the same from another folder.
  [ ! -r "$model" ] || model=$(cd "$(dirname "$model")" && pwd)/$(basename "$model")
  [ ! -r "$labels" ] || labels=$(cd "$(dirname "$labels")" && pwd)/$(basename "$labels")
  if [ -n "$current_image" ] && [ -z "$missing" ] && [ "$dry_run" = false ]; then
    prepare_context || fail 69 "the image's parts could not be collected; nothing was changed"
  fi
fi
pushed=''
if [ -n "$digest" ] && [ "$build" = false ]; then pushed=$(pushed_image "${current_image%@*}"); fi
[ -z "$model" ] || [ -n "$pushed" ] || [ "$dry_run" = true ] || check_builder
check_vcpus
check_concurrency
check_key
check_access_log
check_log_policies
[ -z "$subnets" ] || check_subnets
[ -z "$network" ] || set_parameter Network "$network"
if [ -n "$missing" ]; then
  printf '%s' "$missing" >&2
  fail 69 'nothing was changed'
fi

if [ "$dry_run" = true ]; then
  # An image that is not there yet stands in, so that everything that needs one is listed too.
  [ -n "$image" ] || image=$account.dkr.ecr.$region.amazonaws.com/not-built@sha256:$(printf '%064d' 0)
  [ "$import" = false ] || say "would import the kept bucket $bucket before everything else"
  if [ -z "$model" ] || [ -n "$pushed" ]; then say 'would keep the image'; else say 'would build an image, if any part of it has changed'; fi
  preview "ImageUri=$image"
  exit 0
fi

# ── The stack ───────────────────────────────────────────────────────────────────────────────────────────────────────────

if [ -n "$model" ] && [ -z "$digest" ]; then
  prepare_context || fail 69 "the image's parts could not be collected; nothing was changed"
fi
create_linked_role AWSServiceRoleForBatch batch.amazonaws.com
create_linked_role AWSServiceRoleForECS ecs.amazonaws.com

# What never got beyond its first change holds nothing and cannot be updated.
case $status in
ROLLBACK_COMPLETE | ROLLBACK_FAILED | CREATE_FAILED | REVIEW_IN_PROGRESS | DELETE_FAILED | IMPORT_ROLLBACK_COMPLETE)
  say "removing what is left of a failed first run ($status)"
  aws cloudformation delete-stack --stack-name "$stack"
  aws cloudformation wait stack-delete-complete --stack-name "$stack" || fail 69 "stack $stack cannot be removed: run uninstall.sh"
  import=false
  check_bucket
  ;;
esac
[ "$import" = false ] || import_bucket
if [ -z "$current_image" ]; then
  say 'bucket and repository'
  deploy ImageUri='' || fail 69 "stack $stack could not be created"
fi
outputs=$(stack_outputs)
repository=$(output repository)

if [ -n "$digest" ]; then
  [ "$build" = true ] || pushed=$(pushed_image "$repository")
  if [ -n "$pushed" ]; then
    image=$repository@$pushed
    say 'the image is up to date'
  else
    tag=$digest-$(date -u +%Y%m%dT%H%M%SZ)
    say "building the image with $builder"
    build_image "$repository:$tag" || fail 69 "$builder could not build the image"
    test_image "$repository:$tag"
    push_image "$repository:$tag"
  fi
  set_parameter Model "$model"
  set_parameter Labels "$labels"
fi

say 'everything else; the first time takes about three minutes'
deploy "ImageUri=$image" || fail 69 "stack $stack could not be changed; it is back at its last good state"
outputs=$(stack_outputs)
release
outputs=$(stack_outputs)
tidy || say 'note: not everything that is no longer used could be removed; the next run tries again'

url=$(output httpAPIUrl)
cat <<END
httpAPIUrl  $url
bucket      $(output bucket)
queue       $(output jobQueue)
dashboard   $(output dashboard)

One image:  curl --data-binary @photo.jpg -H 'Content-Type: image/jpeg' $url/predict
In browser: $url/
Many:       aws s3 cp photos/ s3://$(output bucket)/input/ --recursive
            aws s3 cp s3://$(output bucket)/output/ output/ --recursive
END
