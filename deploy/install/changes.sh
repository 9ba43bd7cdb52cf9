# How install.sh changes the stack: parameters, one change at a time, a preview, and the import of a kept bucket.
# Sourced after stack.sh. `parameters` and `tags` hold NAME=VALUE, one a line.
# shellcheck shell=dash disable=SC2154

parameters='' tags='' changed=''

# set_parameter NAME VALUE – a parameter of the stack that changes; a line each, since none can hold a line's end.
set_parameter() {
  case $2 in *"
"*) fail 64 "$1: more than one line" ;; esac
  parameters="$parameters$1=$2
"
}

# change_stack OPTION… -- PARAMETER… – runs `aws cloudformation deploy` with the tags, these parameters, and after them those
# of the command line.
change_stack() {
  local IFS='
' options=''
  while [ "$1" != -- ]; do
    options="$options$1
"
    shift
  done
  shift
  set -f
  # shellcheck disable=SC2086  # one word a line
  set -- --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset $options ${tags:+--tags} $tags --parameter-overrides "$@" $parameters
  set +f
  unset IFS
  # The CLI names a change set after the second, and a name is used once.
  while [ "$(date +%s)" = "$changed" ]; do sleep 0.1; done
  set -- --stack-name "$stack" --template-file "$here/stack.yaml" "$@"
  aws cloudformation deploy "$@" && changed=$(date +%s) && return
  changed=$(date +%s)
  return 1
}

# deploy PARAMETER… – one change of the stack, waited for; prints what failed and returns 1.
deploy() {
  local since
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  change_stack -- "BucketName=$bucket" "$@" >&2 && return
  say 'What failed:'
  stack_failures "$stack" "$since" || true
  return 1
}

# preview PARAMETER… – prints the change set and deletes it.
preview() {
  local answer change_set name=$bucket since
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  # Validation refuses to create a bucket that exists, so that another name stands in for one that will be imported.
  [ "$import" = false ] || name=dry-run-$account-$region
  if ! answer=$(change_stack --no-execute-changeset -- "BucketName=$name" "$@" 2>&1); then
    stack_failures "$stack" "$since" || true
    [ -n "$status" ] || aws cloudformation delete-stack --stack-name "$stack"
    fail 69 "no change set: $(one_line "$answer")"
  fi
  change_set=$(printf '%s\n' "$answer" | grep -oE 'arn:[^ ]+:changeSet/[^ ]+' | head -n 1)
  if [ -z "$change_set" ]; then
    echo 'nothing would change'
    return
  fi
  aws cloudformation describe-change-set --change-set-name "$change_set" --output text --query \
    'Changes[].ResourceChange.[Action,Replacement,LogicalResourceId,ResourceType]' | sed "s/${tab}None$tab/$tab$tab/" |
    if [ "$import" = true ]; then sed "s/^Add\($tab.*${tab}Bucket$tab\)/Import\1/"; else cat; fi
  aws cloudformation delete-change-set --change-set-name "$change_set"
  # A change set for a stack that did not exist leaves an empty stack behind.
  [ -n "$status" ] || aws cloudformation delete-stack --stack-name "$stack"
}

# import_bucket – makes the kept bucket the first resource of a new stack. Nothing else may be in that change set.
import_bucket() {
  local since
  since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
  say "importing $bucket, kept from an earlier stack"
  aws cloudformation create-change-set --stack-name "$stack" --change-set-name import-bucket --change-set-type IMPORT \
    --template-body "file://$here/bucket.yaml" --parameters "ParameterKey=BucketName,ParameterValue=$bucket" --resources-to-import \
    "[{\"ResourceType\":\"AWS::S3::Bucket\",\"LogicalResourceId\":\"Bucket\",\"ResourceIdentifier\":{\"BucketName\":\"$bucket\"}}]" \
    >/dev/null &&
    aws cloudformation wait change-set-create-complete --stack-name "$stack" --change-set-name import-bucket &&
    aws cloudformation execute-change-set --stack-name "$stack" --change-set-name import-bucket &&
    aws cloudformation wait stack-import-complete --stack-name "$stack" && return
  say 'What failed:'
  stack_failures "$stack" "$since" || true
  fail 69 "$bucket could not be imported; use another --bucket, or delete it (it may hold data)"
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
