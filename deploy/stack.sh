# What install.sh, uninstall.sh and doctor.sh know about the stack: how to reach it, its state, outputs and failures.
# Sourced. The sourcing script sets `tool`, its own name, `stack` and `region` ('' is the AWS CLI's own choice).
# shellcheck shell=dash disable=SC2154,SC2034

tab=$(printf '\t')

# say TEXT – progress, for people.
say() { printf '%s\n' "$*" >&2; }

# fail STATUS TEXT – one line, and the end.
fail() {
  printf '%s: %s\n' "$tool" "$2" >&2
  exit "$1"
}

# needs_value "$@" – the option at $1 must be followed by its value.
needs_value() { [ $# -ge 2 ] || fail 64 "$1 needs a value (see --help)"; }

# common_option "$@" – takes --help, --region and --stack; sets `taken` to how many words that were, 0 for other options.
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

# stack_status – the stack's status, or nothing when there is no such stack. Anything else that goes wrong ends the script.
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

# stack_outputs – a line `name<TAB>value` for each output of the stack.
stack_outputs() {
  aws cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].Outputs[].[OutputKey,OutputValue]' --output text
}

# output NAME – one output out of `outputs`, which the sourcing script filled from stack_outputs; nothing if there is none.
output() {
  printf '%s\n' "$outputs" | awk -F '\t' -v name="$1" '$1 == name { print $2 }'
}

# gateway_in ROUTES – the first internet, NAT or transit gateway named there; nothing if there is none.
gateway_in() { printf '%s\n' "$1" | grep -oE '\b(igw|nat|tgw)-[0-9a-f]+' | head -n 1; }

# stack_failures SINCE – what failed in the stack since that moment (UTC, ISO 8601), first cause first, and what to do.
stack_failures() {
  local resource type reason
  aws cloudformation describe-stack-events --stack-name "$1" --output text --query \
    "reverse(StackEvents[?Timestamp>='$2' && contains(ResourceStatus,'FAILED')].[LogicalResourceId,ResourceType,ResourceStatusReason])" |
    while IFS=$tab read -r resource type reason; do
      case $reason in
      *'creation cancelled'* | *'update cancelled'* | None) continue ;;
      esac
      say "  $resource ($type): $reason"
      case $reason in
      *service-linked*) say '    → let install.sh create the roles: you need iam:CreateServiceLinkedRole' ;;
      *UnreservedConcurrentExecution*) say '    → ask for less --lambda-concurrency, or for a higher Lambda quota' ;;
      *MemorySize*) say '    → new accounts are limited to 3008 MB: use --lambda-memory 3008 or ask AWS for more' ;;
      *'not authorized'* | *AccessDenied*) say '    → your credentials lack the permission it names' ;;
      *'already exists'*) say '    → it is left from an earlier stack: delete it, or use another --stack' ;;
      *limit* | *quota* | *Limit* | *Quota*) say '    → see quotas: https://console.aws.amazon.com/servicequotas' ;;
      esac
    done
}
