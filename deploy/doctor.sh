#!/bin/sh
# Looks at an installed stack and says, one line each, what is wrong and what to do.
#
#   deploy/doctor.sh [--region REGION] [--stack NAME] [--redrive]
#
#   --redrive    moves uploads that were given up back to the input queue, to be submitted again; changes nothing otherwise
#
# Lines begin with ok, note or BAD. Status: 0 nothing is bad, 64 usage error, 69 something is bad, 77 no credentials,
# 78 no region, or a stack that is not ours.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tool=doctor.sh stack=MLServerlessStack region=''
# shellcheck source=deploy/stack.sh
. "$here/stack.sh"

redrive=false
while [ $# -gt 0 ]; do
  common_option "$@"
  case $taken:$1 in
  0:--redrive) redrive=true taken=1 ;;
  0:*) fail 64 "$1: no such option (see --help)" ;;
  esac
  shift "$taken"
done

bad=0
ok() { printf 'ok    %s\n' "$*"; }
note() { printf 'note  %s\n' "$*"; }
bad() {
  printf 'BAD   %s\n' "$*"
  bad=$((bad + 1))
}

# ask COMMAND… – the AWS CLI's answer as text, nothing for "None"; a refusal is a note, and then it fails.
ask() {
  local answer
  if ! answer=$(aws "$@" --output text 2>&1); then
    note "$1 $2: $(one_line "$answer")" >&2
    return 1
  fi
  [ "$answer" = None ] || printf '%s' "$answer"
}

connect
status=$(stack_status)
check_own_stack "$status"
case $status in
'')
  bad "stack $stack: there is none in $region of account $account. Run install.sh"
  exit 69
  ;;
CREATE_COMPLETE | UPDATE_COMPLETE | IMPORT_COMPLETE) ok "stack $stack: $status" ;;
UPDATE_ROLLBACK_COMPLETE) note "stack $stack: the last update failed and was taken back. Run install.sh again to see why" ;;
*_IN_PROGRESS) note "stack $stack: $status" ;;
*) bad "stack $stack: $status. Run install.sh, or uninstall.sh if it was never complete" ;;
esac
outputs=$(stack_outputs)
queue=$(output jobQueue)
environment=$(output computeEnvironment)
definition=$(output jobDefinition)
repository=$(output repository)
if [ -z "$queue" ]; then
  bad 'image: none has been deployed yet, there are only a bucket and a repository. Run install.sh'
  exit 69
fi

# ── Quotas ──────────────────────────────────────────────────────────────────────────────────────────────────────────────

check_quotas() {
  local limit wanted
  limit=$(ask lambda get-account-settings --query AccountLimit.ConcurrentExecutions) || return 0
  if [ "$limit" -le 10 ]; then
    note "quota: $limit Lambda executions at once. Ask for more: Service Quotas, Lambda, L-B99A9384"
  else
    ok "quota: $limit Lambda executions at once"
  fi
  local type code service=fargate
  type=$(ask batch describe-compute-environments --compute-environments "$environment" \
    --query 'computeEnvironments[0].computeResources.type') || return 0
  wanted=$(ask batch describe-compute-environments --compute-environments "$environment" \
    --query 'computeEnvironments[0].computeResources.maxvCpus') || return 0
  case $type in
  FARGATE) code=L-3032A538 ;;
  FARGATE_SPOT) code=L-36FBB829 ;;
  *) code=L-1216C47A service=ec2 ;;
  esac
  limit=$(ask service-quotas get-service-quota --service-code "$service" --quota-code "$code" --query Quota.Value) || return 0
  limit=${limit%.*}
  if [ "${limit:-0}" -lt "${wanted:-0}" ]; then
    note "quota: $limit $type vCPUs, the stack would use $wanted. Ask for more: Service Quotas, $service, $code"
  else
    ok "quota: $limit $type vCPUs, the stack uses up to $wanted"
  fi
}

# ── Roles ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

check_roles() {
  local role
  for role in AWSServiceRoleForBatch:batch AWSServiceRoleForECS:ecs; do
    if aws iam get-role --role-name "${role%:*}" >/dev/null 2>&1; then
      ok "role ${role%:*}"
    else
      bad "role ${role%:*}: missing. Run aws iam create-service-linked-role --aws-service-name ${role#*:}.amazonaws.com"
    fi
  done
}

# ── Image ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

check_image() {
  local image
  image=$(ask batch describe-job-definitions --job-definitions "$definition" \
    --query 'jobDefinitions[0].containerProperties.image') || return 0
  case $image in
  "$repository"@*) ;;
  *)
    note "image: jobs run ${image:-nothing known}, which is not from the stack's repository"
    return
    ;;
  esac
  if aws ecr describe-images --repository-name "${repository#*/}" --image-ids "imageDigest=${image#*@}" >/dev/null 2>&1; then
    ok "image: ${image#*@}"
    check_architecture "${image#*@}"
  else
    bad "image: ${image#*@} is no longer in the repository. Run install.sh --build"
  fi
}

# check_architecture DIGEST – the image, the functions and the jobs must agree, or nothing starts ("exec format error").
check_architecture() {
  local built='' config url wanted name
  config=$(aws ecr batch-get-image --repository-name "${repository#*/}" --image-ids "imageDigest=$1" --output text \
    --query 'images[0].imageManifest' 2>/dev/null | tr -d '\n ' | grep -oE '"config":\{[^}]*' | grep -oE 'sha256:[0-9a-f]{64}' | head -n 1) || config=''
  [ -z "$config" ] || url=$(aws ecr get-download-url-for-layer --repository-name "${repository#*/}" --layer-digest "$config" \
    --query downloadUrl --output text 2>/dev/null) || url=''
  [ -z "${url:-}" ] || built=$(curl -sf --max-time 30 "$url" | grep -oE '"architecture": *"[a-z0-9]+"' | head -n 1 | cut -d '"' -f 4) || true
  case $built in
  amd64) built=x86_64 ;;
  arm64) ;;
  *)
    note "architecture: the image's could not be read"
    return
    ;;
  esac
  wanted="job:$(ask batch describe-job-definitions --job-definitions "$definition" \
    --query 'jobDefinitions[0].containerProperties.runtimePlatform.cpuArchitecture' | tr '[:upper:]' '[:lower:]')"
  for name in "$(output submitFunction)" "$(output predictFunction)"; do
    wanted="$wanted function:$(ask lambda get-function-configuration --function-name "$name" --query 'Architectures[0]' || true)"
  done
  for name in $wanted; do
    # On EC2 a job definition has no architecture.
    case $name in
    *: | *":$built") ;;
    *)
      bad "architecture: the image is built for $built, the ${name%:*} runs on ${name#*:}. Run install.sh --build --architecture $(
        case $name in *arm64) echo ARM64 ;; *) echo X86_64 ;; esac
      )"
      return
      ;;
    esac
  done
  ok "architecture: $built"
}

# ── Network ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

# check_route SUBNET VPC PUBLIC – whether a container in it reaches ECR, S3 and the logs.
check_route() {
  local subnet="$1" vpc="$2" public="$3" filter found='' target='' free services missing='' service
  free=$(ask ec2 describe-subnets --subnet-ids "$subnet" --query 'Subnets[0].AvailableIpAddressCount') || return 0
  [ "${free:-0}" -ge 16 ] || note "subnet $subnet: ${free:-no} free addresses; every container takes one"
  for filter in "Name=association.subnet-id,Values=$subnet" "Name=association.main,Values=true"; do
    found=$(ask ec2 describe-route-tables --filters "Name=vpc-id,Values=$vpc" "$filter" --query \
      "RouteTables[0].[RouteTableId, Routes[?DestinationCidrBlock=='0.0.0.0/0'].[State,GatewayId,NatGatewayId,TransitGatewayId][]]") || return 0
    case $found in rtb-*) ;; *) continue ;; esac
    target=$(gateway_in "$found")
    break
  done
  case $found in
  *blackhole*)
    bad "subnet $subnet: its default route leads to $target, which does not exist. Restore it, or run install.sh with other --subnets"
    return
    ;;
  esac
  case $target:$public in
  igw-*:ENABLED) ok "subnet $subnet: out through $target, with public addresses" ;;
  igw-*:*) bad "subnet $subnet: out through $target, but containers get no public address. Run install.sh --network public" ;;
  '':*)
    services=$(ask ec2 describe-vpc-endpoints --filters "Name=vpc-id,Values=$vpc" --query 'VpcEndpoints[].ServiceName') || return 0
    services=" $(one_line "$services") "
    for service in s3 ecr.api ecr.dkr logs; do
      case $services in *".$service "*) ;; *) missing="$missing $service" ;; esac
    done
    if [ -n "$missing" ]; then
      bad "subnet $subnet: no route out and no endpoint for$missing. Add them, or run install.sh with other --subnets"
    else
      ok "subnet $subnet: through the VPC's endpoints"
    fi
    ;;
  *) ok "subnet $subnet: out through $target" ;;
  esac
}

check_network() {
  local subnets subnet vpc public
  subnets=$(ask batch describe-compute-environments --compute-environments "$environment" \
    --query 'computeEnvironments[0].computeResources.subnets') || return 0
  public=$(ask batch describe-job-definitions --job-definitions "$definition" \
    --query 'jobDefinitions[0].containerProperties.networkConfiguration.assignPublicIp') || return 0
  for subnet in $subnets; do
    vpc=$(ask ec2 describe-subnets --subnet-ids "$subnet" --query 'Subnets[0].VpcId') || continue
    check_route "$subnet" "$vpc" "$public"
  done
}

# ── Batch ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

check_batch() {
  local state='' status='' reason='' id name answer before stuck=0 failed=0
  answer=$(ask batch describe-compute-environments --compute-environments "$environment" \
    --query 'computeEnvironments[0].[state,status,statusReason]') || true
  read -r state status reason <<END || true
$answer
END
  case $state:$status in
  ENABLED:VALID) ok 'compute environment: enabled, valid' ;;
  *) bad "compute environment: ${state:-missing} ${status:-}, ${reason:-no reason given}. Fix the reason, then run install.sh" ;;
  esac
  answer=$(ask batch describe-job-queues --job-queues "$queue" \
    --query 'jobQueues[0].[state,status,statusReason]') || true
  read -r state status reason <<END || true
$answer
END
  case $state:$status in
  ENABLED:VALID) ok 'job queue: enabled, valid' ;;
  *) bad "job queue: ${state:-missing} ${status:-}, ${reason:-no reason given}. Run aws batch update-job-queue --job-queue $queue --state ENABLED" ;;
  esac
  # In milliseconds; placing a container takes less than a quarter of an hour. Batch names a reason at once where the job at
  # the head of the queue can never be placed, and so blocks it.
  before=$((($(date +%s) - 900) * 1000))
  answer=$(ask batch list-jobs --job-queue "$queue" --job-status RUNNABLE --query \
    "jobSummaryList[?createdAt<\`$before\` || statusReason && (starts_with(statusReason, 'MISCONFIGURATION') || starts_with(statusReason, 'CAPACITY'))].[jobId,jobName,statusReason]") || true
  while IFS=$tab read -r id name reason; do
    [ -n "$id" ] || continue
    stuck=$((stuck + 1))
    [ "$stuck" -le 5 ] || continue
    case $reason in
    MISCONFIGURATION* | CAPACITY*) bad "job $name ($id): blocks the queue: $(explain "$reason")" ;;
    *) bad "job $name ($id): RUNNABLE for over 15 minutes: $(explain "$reason")" ;;
    esac
  done <<END
$answer
END
  [ "$stuck" -le 5 ] || bad "jobs: $((stuck - 5)) more are stuck in RUNNABLE"
  [ "$stuck" -gt 0 ] || ok 'jobs: none stuck in RUNNABLE'
  answer=$(ask batch list-jobs --job-queue "$queue" --job-status FAILED --no-paginate --max-results 4 \
    --query 'jobSummaryList[].[jobId,jobName,statusReason]') || true
  while IFS=$tab read -r id name reason; do
    [ -n "$id" ] || continue
    failed=$((failed + 1))
    [ "$failed" -gt 3 ] || note "job $name ($id): FAILED: $reason. See aws logs tail /aws/batch/$stack"
  done <<END
$answer
END
}

# explain REASON – Batch's reason and what to do about it.
explain() {
  case $1 in
  *JOB_RESOURCE_REQUIREMENT*) echo "$1. No compute can hold it: lower --vcpus or --memory" ;;
  *COMPUTE_ENVIRONMENT_MAX_RESOURCE*) echo "$1. It needs more than the stack's maximum: run install.sh --max-vcpus with more" ;;
  *CAPACITY*) echo "$1. AWS has none free: wait, or run install.sh --compute fargate" ;;
  '' | None) echo 'no reason given. Usually the vCPU quota is used up, or the subnets have no way out: see above' ;;
  *) echo "$1" ;;
  esac
}

# ── Queues and functions ────────────────────────────────────────────────────────────────────────────────────────────────

# queue_length OUTPUT – messages in that queue.
queue_length() {
  ask sqs get-queue-attributes --queue-url "$(output "$1")" --attribute-names ApproximateNumberOfMessages \
    --query Attributes.ApproximateNumberOfMessages
}

# redrive_uploads COUNT – moves what was given up back to where it came from.
redrive_uploads() {
  local arn answer
  arn=$(ask sqs get-queue-attributes --queue-url "$(output deadLetterQueue)" --attribute-names QueueArn --query Attributes.QueueArn) || return 0
  if answer=$(aws sqs start-message-move-task --source-arn "$arn" 2>&1); then
    note "uploads: $1 that were given up go back to the input queue; look again in a few minutes"
  else
    bad "uploads: $1 were given up and could not be moved back: $(one_line "$answer")"
  fi
}

check_uploads() {
  local waiting dead
  waiting=$(queue_length inputQueue) || return 0
  dead=$(queue_length deadLetterQueue) || return 0
  ok "uploads: ${waiting:-0} wait for submission"
  if [ "${dead:-0}" -eq 0 ]; then
    [ "$redrive" = false ] || ok 'uploads: none was given up'
  elif [ "$redrive" = true ]; then
    redrive_uploads "$dead"
  else
    bad "uploads: $dead could not be submitted. Fix what the submit function's log says, then run doctor.sh --redrive"
  fi
}

# last_line GROUP PATTERN – the last line of that log group within a day that the filter pattern finds, or nothing.
last_line() {
  local found
  found=$(ask logs filter-log-events --log-group-name "$1" --start-time $((($(date +%s) - 86400) * 1000)) \
    --filter-pattern "$2" --query 'events[-1].message') || return 1
  # One answer a page; most pages have nothing.
  printf '%s\n' "$found" | grep -v -e '^None$' -e '^$' | tail -n 1
}

# check_submissions – messages that batchsubmit could not submit stay in the queue; Lambda counts them as successes.
check_submissions() {
  local function found why
  function=$(output submitFunction)
  found=$(last_line "/aws/lambda/$function" '"submit-failure"') || return 0
  if [ -z "$found" ]; then
    ok 'submissions: none failed within a day'
    return
  fi
  why=$(last_line "/aws/lambda/$function" '"batchsubmit:"') || why=''
  bad "submissions: failed, and are tried again: $(one_line "${why:-$found}" | cut -c1-200). See aws logs tail /aws/lambda/$function"
}

# check_function NAME – its state, and the last thing that it reported as an error within a day.
check_function() {
  local state last
  state=$(ask lambda get-function-configuration --function-name "$1" --query State) || return 0
  case $state in
  Active | '') ;;
  Inactive) note "function $1: Inactive: nobody has called it for weeks, and its next call fails and wakes it. Run install.sh, which waits for it" ;;
  *) bad "function $1: $state: $(ask lambda get-function-configuration --function-name "$1" --query StateReason || true). Run install.sh --build" ;;
  esac
  last=$(last_line "/aws/lambda/$1" '?errorType ?error ?"Task timed out" ?"Runtime exited" ?"lambda-bootstrap:"') || return 0
  if [ -n "$last" ]; then
    note "function $1: $(one_line "$last" | cut -c1-200). See aws logs tail /aws/lambda/$1"
  else
    ok "function $1: no error within a day"
  fi
}

check_quotas
check_roles
check_image
check_network
check_batch
check_uploads
check_submissions
check_function "$(output submitFunction)"
check_function "$(output predictFunction)"
[ "$bad" -eq 0 ] || fail 69 "$bad thing(s) to do"
