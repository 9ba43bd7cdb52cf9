#!/bin/sh
# Installs or updates the stack: an HTTP API on Lambda, and AWS Batch behind an S3 prefix.
#
#   deploy/install.sh [OPTION…]
#
#   --region REGION             where; else AWS_REGION or the AWS CLI's configuration
#   --stack NAME                the stack's name (MLServerlessStack)
#   --model PATH|NAME           an ONNX file, or what deploy/model/fetch.sh downloads: resnet50, mobilenetv2, squeezenet
#                               (resnet50; a second run keeps the image there is unless --model or --build is given)
#   --labels PATH               one label a line; a model may carry its own
#   --build                     build and push an image although there is one
#   --compute KIND              fargate, fargate-spot or ec2
#   --architecture ARCH         X86_64 or ARM64
#   --max-vcpus N               the most vCPUs that batch jobs use at once
#   --lambda-memory MB          1769 is one vCPU
#   --lambda-concurrency N      reserved for the predict function; 0 reserves none
#   --auth none|iam             who may call the API: everyone, or who signs
#   --network public|private    where batch containers run; private pays for interface endpoints
#   --vpc ID --subnets ID,ID    an existing network instead of the stack's own
#   --alarm-email ADDRESS       where alarms go
#   --dry-run                   print what would change and change nothing
#
# What is not given keeps its value from the last run. Needs the AWS CLI and docker, podman or buildah.
# Status: 0 done, 64 called wrongly, 69 AWS refused or something is missing, 75 busy, 77 no credentials, 78 no region.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tool=install.sh stack=MLServerlessStack region=''
# shellcheck source=deploy/stack.sh
. "$here/stack.sh"

model='' labels='' build=false dry_run=false vpc='' subnets='' max_vcpus='' lambda_concurrency='' compute='' network=''
architecture='' parameters=''

# set_parameter NAME VALUE – one parameter of the stack that is given anew; a line each, since none can hold a line's end.
set_parameter() {
  case $2 in *"
"*) fail 64 "$1: more than one line" ;; esac
  parameters="$parameters$1=$2
"
}

while [ $# -gt 0 ]; do
  common_option "$@"
  [ "$taken" -eq 0 ] || {
    shift "$taken"
    continue
  }
  case $1 in
  --build) build=true ;;
  --dry-run) dry_run=true ;;
  --model | --labels | --compute | --architecture | --max-vcpus | --lambda-memory | \
    --lambda-concurrency | --auth | --network | --vpc | --subnets | --alarm-email)
    needs_value "$@"
    value=$2
    case $1 in
    --model) model=$value ;;
    --labels) labels=$value ;;
    --compute) compute=$value && set_parameter Compute "$value" ;;
    --architecture) architecture=$value && set_parameter Architecture "$value" ;;
    --max-vcpus) max_vcpus=$value && set_parameter MaxVcpus "$value" ;;
    --lambda-memory) set_parameter LambdaMemory "$value" ;;
    --lambda-concurrency) lambda_concurrency=$value && set_parameter LambdaConcurrency "$value" ;;
    --auth) set_parameter Auth "$value" ;;
    --network) network=$value ;;
    --vpc) vpc=$value && set_parameter VpcId "$value" ;;
    --subnets) subnets=$value && set_parameter SubnetIds "$value" ;;
    --alarm-email) set_parameter AlarmEmail "$value" ;;
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
case $compute in '' | fargate | fargate-spot | ec2) ;; *) fail 64 "--compute $compute: fargate, fargate-spot or ec2" ;; esac
case $network in '' | public | private) ;; *) fail 64 "--network $network: public or private" ;; esac
case $architecture in '' | X86_64 | ARM64) ;; *) fail 64 "--architecture $architecture: X86_64 or ARM64" ;; esac
case $max_vcpus in *[!0-9]*) fail 64 "--max-vcpus $max_vcpus: not a number" ;; esac
case $lambda_concurrency in *[!0-9]*) fail 64 "--lambda-concurrency $lambda_concurrency: not a number" ;; esac
if [ -n "$vpc" ] && [ -z "$subnets" ]; then fail 64 '--vpc needs --subnets too'; fi
if [ -n "$subnets" ] && [ -z "$vpc" ]; then fail 64 '--subnets needs --vpc too'; fi
[ -z "$labels" ] || [ -r "$labels" ] || fail 64 "--labels $labels: cannot be read"
[ -z "$labels" ] || [ -n "$model" ] || fail 64 '--labels needs --model too'

# ── Checks: everything that is missing is said before anything is changed ───────────────────────────────────────────────

missing=''

# lacks TEXT – one more thing that is missing.
lacks() {
  missing="$missing  missing: $1
"
}

# check_builder – finds what builds images.
check_builder() {
  local candidate
  for candidate in docker podman buildah; do
    command -v "$candidate" >/dev/null || continue
    if "$candidate" info >/dev/null 2>&1; then
      builder=$candidate
      return
    fi
    lacks "$candidate is installed but does not run (is the daemon up, and are you in its group?)"
  done
  [ -n "$missing" ] || lacks 'no container builder: install docker, podman or buildah (apt-get install buildah)'
}

# quota SERVICE CODE – the account's quota as a whole number, or nothing where it may not be read.
quota() {
  local value
  value=$(aws service-quotas get-service-quota --service-code "$1" --quota-code "$2" \
    --query Quota.Value --output text 2>/dev/null) || return 0
  case $value in [0-9]*) printf '%.0f' "$value" ;; esac
}

# check_vcpus – tells when the account has fewer vCPUs than are asked for.
check_vcpus() {
  local limit name
  case ${compute:-fargate} in
  fargate) name='Fargate On-Demand vCPUs' limit=$(quota fargate L-3032A538) ;;
  fargate-spot) name='Fargate Spot vCPUs' limit=$(quota fargate L-36FBB829) ;;
  ec2) name='Standard On-Demand vCPUs' limit=$(quota ec2 L-1216C47A) ;;
  esac
  if [ -z "$limit" ]; then
    say "note: the quota '$name' could not be read"
  elif [ "$limit" -lt "${max_vcpus:-16}" ]; then
    say "note: the quota '$name' is $limit: batch jobs will use $limit vCPUs at once, not ${max_vcpus:-16}"
  fi
}

# check_concurrency – Lambda refuses to reserve the last ten of an account.
check_concurrency() {
  local answer total='' unreserved=''
  answer=$(aws lambda get-account-settings --output text \
    --query 'AccountLimit.[ConcurrentExecutions,UnreservedConcurrentExecutions]' 2>/dev/null) || true
  read -r total unreserved <<END || true
$answer
END
  case $total:$unreserved in :* | *: | *[!0-9:]*) return 0 ;; esac
  [ "$total" -gt 10 ] ||
    say "note: this account runs $total Lambda functions at once; ask for more: https://console.aws.amazon.com/servicequotas (L-B99A9384)"
  if [ "${lambda_concurrency:-0}" -gt 0 ] && [ $((unreserved - lambda_concurrency)) -lt 10 ]; then
    lacks "--lambda-concurrency $lambda_concurrency: the account has $unreserved unreserved and must keep 10"
  fi
}

# check_subnets – they must be in the VPC and have a way out; whether that is public decides about public addresses.
check_subnets() {
  local subnet answer of free target default
  for subnet in $(printf '%s' "$subnets" | tr , ' '); do
    answer=$(aws ec2 describe-subnets --subnet-ids "$subnet" --output text \
      --query 'Subnets[0].[VpcId,AvailableIpAddressCount]' 2>/dev/null) || {
      lacks "$subnet: no such subnet in $region"
      continue
    }
    read -r of free <<END
$answer
END
    [ "$of" = "$vpc" ] || lacks "$subnet is in $of, not in $vpc"
    [ "$free" -ge 16 ] || lacks "$subnet has $free free addresses: every batch container takes one"
    target=$(default_route "$subnet")
    case $target in
    igw-*) default=public ;;
    '') default=private && say "note: $subnet has no route out: it needs endpoints for S3, ecr.api, ecr.dkr and logs" ;;
    *) default=private ;;
    esac
    [ -z "$network" ] || [ "$network" = "$default" ] ||
      lacks "$subnet is $default by its route (${target:-none}), others or --network say $network"
    network=$default
  done
}

# default_route SUBNET – where 0.0.0.0/0 goes: igw-…, nat-…, tgw-…, or nothing. A subnet without a table of its own has the VPC's.
default_route() {
  local filter found
  for filter in "Name=association.subnet-id,Values=$1" "Name=association.main,Values=true"; do
    found=$(aws ec2 describe-route-tables --filters "Name=vpc-id,Values=$vpc" "$filter" --output text --query \
      "RouteTables[0].[RouteTableId, Routes[?DestinationCidrBlock=='0.0.0.0/0'].[GatewayId,NatGatewayId,TransitGatewayId][]]")
    case $found in rtb-*) ;; *) continue ;; esac
    gateway_in "$found"
    return
  done
}

# fresh_image – whether an image must be built.
fresh_image() { [ "$build" = true ] || [ -n "$model" ] || [ -z "$current_image" ]; }

connect
say "account $account as ${caller##*/} in $region, stack $stack"
status=$(stack_status)
case $status in
*_CLEANUP_IN_PROGRESS) ;;
*_IN_PROGRESS) [ "$status" = REVIEW_IN_PROGRESS ] || fail 75 "stack $stack is $status: wait until that is over" ;;
*_FAILED) [ "$status" != UPDATE_ROLLBACK_FAILED ] || fail 69 "stack $stack is $status: run aws cloudformation continue-update-rollback --stack-name $stack" ;;
esac
# parameter NAME – its value in the stack as it is now, or nothing.
parameter() {
  local value
  value=$(aws cloudformation describe-stacks --stack-name "$stack" --output text \
    --query "Stacks[0].Parameters[?ParameterKey=='$1'].ParameterValue")
  [ "$value" = None ] || printf '%s' "$value"
}

current_image='' builder=''
if [ -n "$status" ]; then
  current_image=$(parameter ImageUri)
  [ -n "$architecture" ] || architecture=$(parameter Architecture)
  [ -n "$compute" ] || compute=$(parameter Compute)
  [ -n "$max_vcpus" ] || max_vcpus=$(parameter MaxVcpus)
fi
if fresh_image && [ "$dry_run" = false ]; then check_builder; fi
case $model in
'' | resnet50 | mobilenetv2 | squeezenet) ;;
*) [ -r "$model" ] || lacks "--model $model: no such file, and not resnet50, mobilenetv2 or squeezenet" ;;
esac
check_vcpus
check_concurrency
[ -z "$subnets" ] || check_subnets
[ -z "$network" ] || set_parameter Network "$network"
if [ -n "$missing" ]; then
  printf '%s' "$missing" >&2
  fail 69 'nothing was changed'
fi

# ── The stack ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# with_parameters COMMAND PARAMETER… – runs it with the parameters of the command line after those given here.
with_parameters() {
  local IFS='
'
  set -f
  # shellcheck disable=SC2086  # one word a line
  set -- "$@" $parameters
  set +f
  unset IFS
  "$@"
}

# deploy PARAMETER… – one change of the stack, waited for; says what failed.
deploy() {
  local since
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  aws cloudformation deploy --stack-name "$stack" --template-file "$here/stack.yaml" --capabilities CAPABILITY_IAM \
    --no-fail-on-empty-changeset --parameter-overrides "$@" >&2 && return
  say 'What failed:'
  stack_failures "$stack" "$since" || true
  fail 69 "stack $stack could not be changed; it is back at its last good state"
}

# preview PARAMETER… – prints the change set and drops it.
preview() {
  local answer change_set
  answer=$(aws cloudformation deploy --stack-name "$stack" --template-file "$here/stack.yaml" --capabilities CAPABILITY_IAM \
    --no-fail-on-empty-changeset --no-execute-changeset --parameter-overrides "$@" 2>&1) ||
    fail 69 "no change set: $(one_line "$answer")"
  change_set=$(printf '%s\n' "$answer" | grep -oE 'arn:[^ ]+:changeSet/[^ ]+' | head -n 1)
  if [ -z "$change_set" ]; then
    echo 'nothing would change'
    return
  fi
  aws cloudformation describe-change-set --change-set-name "$change_set" --output text --query \
    'Changes[].ResourceChange.[Action,Replacement,LogicalResourceId,ResourceType]' | sed "s/${tab}None$tab/$tab$tab/"
  aws cloudformation delete-change-set --change-set-name "$change_set"
  # A change set for a stack that did not exist leaves an empty stack behind.
  [ -n "$status" ] || aws cloudformation delete-stack --stack-name "$stack"
}

bucket=ml-serverless-bucket-$account-$region

# bucket_kept – whether the bucket is there although the stack is not.
bucket_kept() { aws s3api head-bucket --bucket "$bucket" --expected-bucket-owner "$account" >/dev/null 2>&1; }

# import_bucket – makes a kept bucket the first resource of a new stack.
import_bucket() {
  local since
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  say "importing $bucket, kept from an earlier stack"
  aws cloudformation create-change-set --stack-name "$stack" --change-set-name import-bucket --change-set-type IMPORT \
    --template-body "file://$here/stack.yaml" --capabilities CAPABILITY_IAM \
    --parameters ParameterKey=ImportBucket,ParameterValue=true --resources-to-import \
    "[{\"ResourceType\":\"AWS::S3::Bucket\",\"LogicalResourceId\":\"Bucket\",\"ResourceIdentifier\":{\"BucketName\":\"$bucket\"}}]" \
    >/dev/null &&
    aws cloudformation wait change-set-create-complete --stack-name "$stack" --change-set-name import-bucket &&
    aws cloudformation execute-change-set --stack-name "$stack" --change-set-name import-bucket &&
    aws cloudformation wait stack-import-complete --stack-name "$stack" && return
  say 'What failed:'
  stack_failures "$stack" "$since" || true
  fail 69 "$bucket could not be imported: delete it (it may hold data) or import it by hand"
}

# create_linked_role ROLE SERVICE – the role that a service acts with, once an account.
create_linked_role() {
  aws iam get-role --role-name "$1" >/dev/null 2>&1 && return
  local answer
  answer=$(aws iam create-service-linked-role --aws-service-name "$2" 2>&1 >/dev/null) && return
  case $answer in
  *'has been taken'* | *'already exists'*) ;;
  *) fail 77 "the role $1 is missing and could not be created: $(one_line "$answer")" ;;
  esac
}

if [ "$dry_run" = true ]; then
  # An image that there is not yet stands in, so that everything that needs one is listed too.
  image=$current_image
  [ -n "$image" ] || image=$account.dkr.ecr.$region.amazonaws.com/not-built@sha256:$(printf '%064d' 0)
  [ -n "$status" ] || ! bucket_kept || say "note: $bucket is kept from an earlier stack and would be imported, not created"
  with_parameters preview ImportBucket=false "ImageUri=$image"
  exit 0
fi

create_linked_role AWSServiceRoleForBatch batch.amazonaws.com
create_linked_role AWSServiceRoleForECS ecs.amazonaws.com

# What never got beyond its first change holds nothing and cannot be updated.
case $status in
ROLLBACK_COMPLETE | ROLLBACK_FAILED | CREATE_FAILED | REVIEW_IN_PROGRESS | DELETE_FAILED | IMPORT_ROLLBACK_COMPLETE)
  say "removing what is left of a failed first run ($status)"
  aws cloudformation delete-stack --stack-name "$stack"
  aws cloudformation wait stack-delete-complete --stack-name "$stack" || fail 69 "stack $stack cannot be removed: run uninstall.sh"
  status='' current_image=''
  ;;
esac

[ -n "$status" ] || ! bucket_kept || import_bucket
if [ -z "$current_image" ]; then
  say 'bucket and repository'
  with_parameters deploy ImportBucket=false ImageUri=''
fi
outputs=$(stack_outputs)
repository=$(output repository)

# ── The image ───────────────────────────────────────────────────────────────────────────────────────────────────────────

# build_image REFERENCE – what Lambda and Batch run, with the model inside.
build_image() {
  local platform=linux/amd64
  [ "$architecture" != ARM64 ] || platform=linux/arm64
  context=$(mktemp -d)
  trap 'rm -rf "$context"' EXIT
  # A signal ends some shells without the line above.
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  "$here/image-context.sh" "$context" "${model:-resnet50}" "$labels" || fail 69 'the model could not be had'
  case $builder in
  # Lambda takes one image, not an index with attestations.
  docker)
    if docker buildx version >/dev/null 2>&1; then
      docker buildx build --load --provenance=false --sbom=false --platform "$platform" -t "$1" -f "$context/deploy/Dockerfile" "$context" >&2
    else
      docker build --platform "$platform" -t "$1" -f "$context/deploy/Dockerfile" "$context" >&2
    fi
    ;;
  podman) podman build --format docker --platform "$platform" -t "$1" -f "$context/deploy/Dockerfile" "$context" >&2 ;;
  buildah) buildah build --format docker --platform "$platform" -t "$1" -f "$context/deploy/Dockerfile" "$context" >&2 ;;
  esac
}

image=$current_image
if fresh_image; then
  tag=$(date -u +%Y%m%dT%H%M%SZ)
  say "building the image with $builder"
  build_image "$repository:$tag" || fail 69 "$builder could not build the image"
  say "pushing $repository:$tag"
  # Without a password the login fails, so its status tells of both.
  aws ecr get-login-password | "$builder" login --username AWS --password-stdin "${repository%%/*}" >&2 ||
    fail 77 "$builder could not log in to ${repository%%/*}"
  "$builder" push "$repository:$tag" >&2 || fail 69 "$repository:$tag could not be pushed"
  digest=$(aws ecr describe-images --repository-name "${repository#*/}" --image-ids "imageTag=$tag" \
    --query 'imageDetails[0].imageDigest' --output text)
  case $digest in sha256:*) ;; *) fail 69 "$repository:$tag has no digest" ;; esac
  image=$repository@$digest
fi

say 'everything else; the first time takes about three minutes'
with_parameters deploy ImportBucket=false "ImageUri=$image"

outputs=$(stack_outputs)
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
