# What install.sh, uninstall.sh and doctor.sh share: how to reach a stack, its state, outputs, bucket and failures.
# Sourced. The sourcing script sets `tool`, its own name, `stack` and `region` ('' is the AWS CLI's own choice).
# shellcheck shell=dash disable=SC2154,SC2034

tab=$(printf '\t')

# say TEXT – progress, for people.
say() { printf '%s\n' "$*" >&2; }

# fail STATUS TEXT – prints one line and ends the script.
fail() {
  printf '%s: %s\n' "$tool" "$2" >&2
  exit "$1"
}

# needs_value "$@" – the option at $1 must be followed by its value.
needs_value() { [ $# -ge 2 ] || fail 64 "$1 needs a value (see --help)"; }

# common_option "$@" – takes --help, --region and --stack; sets `taken` to the number of words, 0 for other options.
common_option() {
  taken=0
  case $1 in
  --help | -h)
    help "$0"
    exit 0
    ;;
  --region) needs_value "$@" && region=$2 taken=2 ;;
  --stack) needs_value "$@" && stack=$2 taken=2 ;;
  esac
}

# help FILE – the comment at the top of a script.
help() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$1"; }

# connect – checks the AWS CLI, the region and the credentials; sets `region`, `account` and `caller`.
connect() {
  command -v aws >/dev/null || fail 69 'no AWS CLI on the PATH: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html'
  export AWS_PAGER='' AWS_CLI_AUTO_PROMPT=off
  [ -n "$region" ] || region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}
  [ -n "$region" ] || fail 78 'no region: give --region or set AWS_REGION'
  export AWS_REGION=$region AWS_DEFAULT_REGION=$region
  local identity
  identity=$(aws sts get-caller-identity --query '[Account,Arn]' --output text 2>&1) ||
    fail 77 "no usable credentials (run aws configure, or set AWS_PROFILE): $(one_line "$identity")"
  read -r account caller <<END
$identity
END
}

# one_line TEXT – its lines joined, without blank ones.
one_line() { printf '%s' "$1" | tr -s '\n\t ' '   ' | sed 's/^ *//;s/ *$//'; }

# stack_status – the stack's status, or nothing when the stack does not exist. Any other failure ends the script.
stack_status() {
  local answer
  if answer=$(aws cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].StackStatus' --output text 2>&1); then
    printf '%s' "$answer"
  else
    case $answer in
    *'does not exist'*) ;;
    *) fail 69 "stack $stack: $(one_line "$answer")" ;;
    esac
  fi
}

# check_own_stack STATUS – ends the script where a stack of that name was made by something else, such as the reference
# sample, whose stack has the same name: an update or removal would replace or delete its resources.
check_own_stack() {
  local marks
  case $1 in '' | REVIEW_IN_PROGRESS) return 0 ;; esac
  marks=$(aws cloudformation describe-stacks --stack-name "$stack" --output text \
    --query "Stacks[0].[Description || '', Parameters[?ParameterKey=='ImageUri'].ParameterKey | [0] || '']")
  case $(one_line "$marks") in
  'Image classification:'* | *ImageUri) ;;
  *) fail 78 "stack $stack was not made by install.sh (perhaps by the reference sample): use another --stack; nothing was changed" ;;
  esac
}

# stack_outputs – a line `name<TAB>value` for each output of the stack.
stack_outputs() {
  aws cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].Outputs[].[OutputKey,OutputValue]' --output text
}

# output NAME – one output out of `outputs`, which the sourcing script filled from stack_outputs; nothing if there is none.
output() {
  printf '%s\n' "$outputs" | awk -F '\t' -v name="$1" '$1 == name { print $2 }'
}

# parameter NAME – its value in the stack as it is now, or nothing.
parameter() {
  local value
  value=$(aws cloudformation describe-stacks --stack-name "$stack" --output text \
    --query "Stacks[0].Parameters[?ParameterKey=='$1'].ParameterValue")
  [ "$value" = None ] || printf '%s' "$value"
}

# default_bucket – the name of the stack's bucket where none was given. The default stack has the reference sample's; other
# stacks have one made of their own name, made unique by a checksum where it is shortened or has capitals.
default_bucket() {
  local name end
  if [ "$stack" = MLServerlessStack ]; then
    printf 'ml-serverless-bucket-%s-%s' "$account" "$region"
    return
  fi
  end=-$account-$region
  name=$(printf '%s' "$stack" | tr '[:upper:]' '[:lower:]')
  if [ "$name" != "$stack" ] || [ $((${#name} + ${#end})) -gt 63 ]; then
    end=-$(printf '%s' "$stack" | cksum | cut -d ' ' -f 1)$end
    name=$(printf '%s' "$name" | cut -c "1-$((63 - ${#end}))")
  fi
  printf '%s%s' "$name" "$end"
}

# stack_bucket STATUS – the bucket that the stack has, or nothing.
stack_bucket() {
  local value
  [ -n "$1" ] || return 0
  value=$(outputs=$(stack_outputs) && output bucket)
  [ -n "$value" ] || value=$(parameter BucketName)
  printf '%s' "$value"
}

# bucket_owner BUCKET – another stack that exists and has the bucket, or nothing.
bucket_owner() {
  local owner
  owner=$(aws cloudformation describe-stack-resources --physical-resource-id "$1" \
    --query 'StackResources[0].StackName' --output text 2>/dev/null) || return 0
  case $owner in '' | None | "$stack") return 0 ;; esac
  ! aws cloudformation describe-stacks --stack-name "$owner" >/dev/null 2>&1 || printf '%s' "$owner"
}

# gateway_in ROUTES – the first internet, NAT or transit gateway named there; nothing if there is none.
gateway_in() { printf '%s\n' "$1" | grep -oE '\b(igw|nat|tgw)-[0-9a-f]+' | head -n 1; }

# stack_failures STACK SINCE – prints what failed in the stack since that moment (UTC, ISO 8601), first cause first, and what
# to do about it. Resources fail in stack events; what validation refuses before that is only in the change set's events.
stack_failures() {
  local change_set
  aws cloudformation describe-stack-events --stack-name "$1" --output text --query \
    "reverse(StackEvents[?Timestamp>='$2' && contains(ResourceStatus,'FAILED')].[LogicalResourceId,ResourceType,ResourceStatusReason])" |
    explain_failures
  # An AWS CLI of before November 2025 does not know describe-events.
  for change_set in $(aws cloudformation list-change-sets --stack-name "$1" --output text --query \
    "Summaries[?Status=='FAILED' && CreationTime>='$2'].ChangeSetId" 2>/dev/null); do
    [ "$change_set" = None ] || aws cloudformation describe-events --change-set-name "$change_set" --output text --query \
      "OperationEvents[?EventType=='VALIDATION_ERROR'].[LogicalResourceId,ResourceType,join(' ', [ValidationStatusReason || '', ValidationPath || ''])]" 2>/dev/null |
      explain_failures
  done
}

# explain_failures – reads lines `resource<TAB>type<TAB>reason` and prints each with a remedy.
explain_failures() {
  local resource type reason
  while IFS=$tab read -r resource type reason; do
    case $reason in
    *'creation cancelled'* | *'update cancelled'* | None | '') continue ;;
    esac
    say "  $resource ($type): $reason"
    case $reason in
    *service-linked*) say '    → let install.sh create the roles: you need iam:CreateServiceLinkedRole' ;;
    *UnreservedConcurrentExecution*) say '    → ask for less --lambda-concurrency, or for a higher Lambda quota' ;;
    *MemorySize*) say '    → new accounts are limited to 3008 MB: use --lambda-memory 3008 or ask AWS for more' ;;
    *'not authorized'* | *AccessDenied*) say '    → your credentials lack the permission it names' ;;
    *KMS* | *kms*) say "    → the key's policy must allow the service: see deploy/README.md, --kms-key" ;;
    *'already exists'*) say '    → it is left from an earlier stack: delete it, or use another --stack or --bucket' ;;
    *limit* | *quota* | *Limit* | *Quota*) say '    → see quotas: https://console.aws.amazon.com/servicequotas' ;;
    esac
  done
}
