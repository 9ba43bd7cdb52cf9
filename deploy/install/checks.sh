# What install.sh checks before it changes anything: builder, bucket, key, quotas, zones and subnets.
# Sourced after stack.sh. Every check calls `lacks` for what is missing and `set_parameter` for what it has found out.
# shellcheck shell=dash disable=SC2154,SC2034

missing=''

# lacks TEXT – one more thing that is missing.
lacks() {
  missing="$missing  missing: $1
"
}

# check_builder – finds a program that builds images; sets `builder`. One that is installed but does not run is passed over.
check_builder() {
  local candidate broken=''
  for candidate in docker podman buildah; do
    command -v "$candidate" >/dev/null || continue
    if "$candidate" info >/dev/null 2>&1; then
      builder=$candidate
      break
    fi
    broken="$broken $candidate"
  done
  if [ -z "$builder" ]; then
    if [ -n "$broken" ]; then
      lacks "a container builder: installed but not working:$broken (is the daemon up, and are you in its group?)"
    else
      lacks 'a container builder: install docker, podman or buildah (apt-get install buildah)'
    fi
    return
  fi
  [ "${architecture:-X86_64}" != "$(own_architecture)" ] || return 0
  if [ "$builder" = docker ] && ! docker buildx version >/dev/null 2>&1; then
    lacks "docker buildx: without it docker builds for $(own_architecture) only"
  else
    say "note: $builder builds for ${architecture:-X86_64} under emulation here, which takes long and needs qemu-user-static"
  fi
}

# own_architecture – this machine's, in AWS's words.
own_architecture() {
  case $(uname -m) in
  aarch64 | arm64) echo ARM64 ;;
  *) echo X86_64 ;;
  esac
}

# check_bucket – sets `import` where the bucket exists and must be imported; refuses one that another stack has.
check_bucket() {
  local answer owner
  if ! answer=$(aws s3api head-bucket --bucket "$bucket" --expected-bucket-owner "$account" 2>&1); then
    case $answer in
    *403*) lacks "a free bucket name: $bucket belongs to another account, or you may not see it; use --bucket NAME" ;;
    esac
    return
  fi
  owner=$(bucket_owner "$bucket")
  if [ -n "$owner" ]; then
    lacks "a bucket of its own: $bucket belongs to stack $owner; use --bucket NAME"
    return
  fi
  import=true
}

# check_access_log – the bucket that S3 is to write its access log to.
check_access_log() {
  [ -z "$access_log" ] || aws s3api head-bucket --bucket "$access_log" >/dev/null 2>&1 ||
    lacks "--access-log: no bucket $access_log, or you may not see it"
}

# check_key – the KMS key must be usable for encryption. Whether its policy admits the services cannot be seen from here.
check_key() {
  local answer
  [ -n "$kms_key" ] || return 0
  answer=$(aws kms describe-key --key-id "$kms_key" --output text \
    --query 'KeyMetadata.[KeyState,KeySpec,KeyUsage]' 2>/dev/null) || answer='not found'
  case $(one_line "$answer") in
  'Enabled SYMMETRIC_DEFAULT ENCRYPT_DECRYPT') ;;
  *) lacks "--kms-key $kms_key: must be an enabled symmetric key for encryption, is: $(one_line "$answer")" ;;
  esac
}

# quota SERVICE CODE – the account's quota as a whole number, or nothing where it may not be read.
quota() {
  local value
  value=$(aws service-quotas get-service-quota --service-code "$1" --quota-code "$2" \
    --query Quota.Value --output text 2>/dev/null) || return 0
  case $value in [0-9]*) printf '%.0f' "$value" ;; esac
}

# check_vcpus – notes that the account has fewer vCPUs than the stack may use.
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

# check_log_policies – a region of an account has ten log resource policies; the stack needs one.
check_log_policies() {
  local names
  names=$(aws logs describe-resource-policies --query 'resourcePolicies[].policyName' --output text 2>/dev/null) || return 0
  case " $(one_line "$names") " in *" $stack-jobs "*) return 0 ;; esac
  [ "$(printf '%s' "$names" | wc -w)" -lt 10 ] ||
    lacks 'a free log resource policy: the region has its ten; delete one with aws logs delete-resource-policy'
}

# fargate_zones – the zones' ids in which Fargate runs, where these are not all of the region's.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/AWS_Fargate-Regions.html
fargate_zones() {
  case $region in
  us-west-1) echo 'usw1-az1 usw1-az3' ;;
  ap-northeast-1) echo 'apne1-az1 apne1-az2 apne1-az4' ;;
  cn-north-1) echo 'cnn1-az1 cnn1-az2' ;;
  esac
}

# check_zones – picks the zones of the stack's own subnets. Those of an installed stack stay: a subnet cannot move.
check_zones() {
  local usable zone id first='' second=''
  usable=$(fargate_zones)
  [ -n "$usable" ] && [ "${compute:-fargate}" != ec2 ] || return 0
  while read -r zone id; do
    case " $usable " in *" $id "*) ;; *) continue ;; esac
    if [ -z "$first" ]; then first=$zone; elif [ -z "$second" ]; then second=$zone; fi
  done <<END
$(aws ec2 describe-availability-zones --filters Name=state,Values=available Name=zone-type,Values=availability-zone \
    --query 'AvailabilityZones[].[ZoneName,ZoneId]' --output text 2>/dev/null | sort)
END
  if [ -z "$second" ]; then
    lacks "two zones with Fargate: this account has none or one of $usable; use --vpc and --subnets, or --compute ec2"
    return
  fi
  set_parameter ZoneA "$first"
  set_parameter ZoneB "$second"
}

# check_subnets – they must be in the VPC and have a way out; whether that is public decides about public addresses.
check_subnets() {
  local subnet answer of free zone target default usable
  usable=$(fargate_zones)
  for subnet in $(printf '%s' "$subnets" | tr , ' '); do
    answer=$(aws ec2 describe-subnets --subnet-ids "$subnet" --output text \
      --query 'Subnets[0].[VpcId,AvailableIpAddressCount,AvailabilityZoneId]' 2>/dev/null) || {
      lacks "$subnet: no such subnet in $region"
      continue
    }
    read -r of free zone <<END
$answer
END
    [ "$of" = "$vpc" ] || lacks "$subnet is in $of, not in $vpc"
    [ "$free" -ge 16 ] || lacks "$subnet has $free free addresses: every batch container takes one"
    if [ -n "$usable" ] && [ -n "$zone" ] && [ "${compute:-fargate}" != ec2 ]; then
      case " $usable " in *" $zone "*) ;; *) lacks "$subnet is in $zone, where there is no Fargate" ;; esac
    fi
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
