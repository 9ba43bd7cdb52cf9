#!/bin/sh
# Looks at an installed stack and says, one line each, what is wrong and what to do.
#
#   deploy/doctor.sh [--region REGION] [--stack NAME]
#
# Lines begin with ok, note or BAD. Changes nothing. Status: 0 nothing is bad, 64 called wrongly, 69 something is bad, 77 no
# credentials, 78 no region.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tool=doctor.sh stack=MLServerlessStack region=''
# shellcheck source=deploy/stack.sh
. "$here/stack.sh"

while [ $# -gt 0 ]; do
  common_option "$@"
  [ "$taken" -gt 0 ] || fail 64 "$1: no such option (see --help)"
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
  else
    bad "image: ${image#*@} is no longer in the repository. Run install.sh --build"
  fi
}

# ── Network ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

# check_route SUBNET VPC PUBLIC – whether a container in it gets to ECR, S3 and the logs.
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
    bad "subnet $subnet: its default route leads to $target, which is gone. Restore it, or run install.sh with other --subnets"
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
  *) bad "job queue: ${state:-missing} ${status:-}, ${reason:-no reason given}. Run aws batch update-job-queue --job-queue $stack --state ENABLED" ;;
  esac
  # In milliseconds; a quarter of an hour is longer than any placing of a container takes.
  before=$((($(date +%s) - 900) * 1000))
  answer=$(ask batch list-jobs --job-queue "$queue" --job-status RUNNABLE \
    --query "jobSummaryList[?createdAt<\`$before\`].[jobId,jobName,statusReason]") || true
  while IFS=$tab read -r id name reason; do
    [ -n "$id" ] || continue
    stuck=$((stuck + 1))
    [ "$stuck" -gt 5 ] || bad "job $name ($id): RUNNABLE for over 15 minutes: $(explain "$reason")"
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

check_uploads() {
  local waiting dead
  waiting=$(ask sqs get-queue-attributes --queue-url "$(output inputQueue)" --attribute-names ApproximateNumberOfMessages \
    --query Attributes.ApproximateNumberOfMessages) || return 0
  dead=$(ask sqs get-queue-attributes --queue-url "$(output deadLetterQueue)" --attribute-names ApproximateNumberOfMessages \
    --query Attributes.ApproximateNumberOfMessages) || return 0
  ok "uploads: ${waiting:-0} wait for submission"
  [ "${dead:-0}" -eq 0 ] ||
    bad "uploads: $dead could not be submitted. Fix what the submit function's log says, then run aws sqs start-message-move-task for $(output deadLetterQueue)"
}

# check_function NAME – its state, and the last thing that it reported as an error within a day.
check_function() {
  local state last
  state=$(ask lambda get-function-configuration --function-name "$1" --query State) || return 0
  case $state in
  Active | Inactive | '') ;;
  *) bad "function $1: $state: $(ask lambda get-function-configuration --function-name "$1" --query StateReason || true). Run install.sh --build" ;;
  esac
  last=$(ask logs filter-log-events --log-group-name "/aws/lambda/$1" --start-time $((($(date +%s) - 86400) * 1000)) \
    --filter-pattern '?errorType ?"Task timed out" ?"Runtime exited" ?"lambda-bootstrap:"' \
    --query 'events[-1].message') || return 0
  # One answer a page; most pages have nothing.
  last=$(printf '%s\n' "$last" | grep -v '^None$' | tail -n 1)
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
check_function "$(output submitFunction)"
check_function "$(output predictFunction)"
[ "$bad" -eq 0 ] || fail 69 "$bad thing(s) to do"
