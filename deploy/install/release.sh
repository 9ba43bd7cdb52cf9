# From a changed stack to a live one: a version of the predict function is tested before the API's alias moves to it, and what
# no job and no version needs any more is removed. Sourced by install.sh after stack.sh.
# shellcheck shell=dash disable=SC2154,SC2034

# await_function NAME – waits until it can be called. Lambda puts a function to sleep that has not been called for weeks; its
# first call then fails and wakes it.
await_function() {
  local state='' update='' tries=0
  while [ "$tries" -lt 90 ]; do
    read -r state update <<END || true
$(aws lambda get-function-configuration --function-name "$1" --query '[State,LastUpdateStatus]' --output text)
END
    case $state:$update in
    *:Failed | Failed:*) fail 69 "function $1 is $state, its last update $update: $(aws lambda get-function-configuration \
      --function-name "$1" --query '[StateReason,LastUpdateStatusReason]' --output text | tr '\t' ' ')" ;;
    Active:Successful) return ;;
    Inactive:*)
      say "function $1 is inactive; waking it, which takes a minute"
      call_function "$1" "\$LATEST" /health >/dev/null 2>&1 || true
      ;;
    esac
    tries=$((tries + 1))
    sleep "${INSTALL_POLL_SECONDS:-5}"
  done
  fail 75 "function $1 is still $state ($update): run install.sh again later"
}

# call_function NAME VERSION PATH [JPEG] – an HTTP event to that version; prints the answer. GET, or POST with a photograph.
call_function() {
  local status=0 error
  "$here/http-event.sh" "$3" ${4:+"$4"} >"$scratch/event"
  error=$(aws lambda invoke --function-name "$1" --qualifier "$2" --payload "fileb://$scratch/event" \
    --query FunctionError --output text "$scratch/answer" 2>&1) || status=$?
  cat "$scratch/answer" 2>/dev/null || true
  [ "$status" -eq 0 ] || printf '%s\n' "$error"
  [ "$status" -eq 0 ] && { [ "$error" = None ] || [ -z "$error" ]; }
}

# check_version NAME VERSION – whether it answers /health and classifies a photograph; prints what was wrong.
check_version() {
  local answer
  answer=$(call_function "$1" "$2" /health) || answer="failed: $answer"
  case $answer in failed:*) false ;; *'"statusCode":200'*) ;; *) false ;; esac || {
    printf '/health: %s' "$(one_line "$answer" | cut -c 1-300)"
    return 1
  }
  answer=$(call_function "$1" "$2" /predict "$here/photo.jpg") || answer="failed: $answer"
  case $answer in failed:*) false ;; *'"statusCode":200'*predictions*) ;; *) false ;; esac || {
    printf '/predict: %s' "$(one_line "$answer" | cut -c 1-300)"
    return 1
  }
}

# check_api URL – whether the HTTP API answers /health and classifies a photograph, where anybody may call it.
check_api() {
  local path status='' tries
  for path in health predict; do
    tries=0
    while
      if [ "$path" = health ]; then set -- "$1"; else set -- "$1" --data-binary "@$here/photo.jpg"; fi
      status=$(curl -s -o /dev/null -w '%{http_code}' --max-time 60 -H 'content-type: image/jpeg' "$@" "$1/$path" 2>/dev/null) || true
      [ "$status" != 200 ] && [ "$tries" -lt 5 ]
    do
      tries=$((tries + 1))
      sleep "${INSTALL_POLL_SECONDS:-5}"
    done
    [ "$status" = 200 ] || {
      printf '%s/%s: status %s' "$1" "$path" "$status"
      return 1
    }
  done
}

# put_back REASON – the stack goes back to the image and version before, and the script ends.
put_back() {
  if [ -z "$current_image" ] || { [ "$current_image" = "$image" ] && [ "$current_version" = "\$LATEST" ]; }; then
    fail 69 "the installation does not work: $1. There is no earlier image to go back to"
  fi
  say "the new image does not work: $1"
  say "putting the image before it back; the API has stayed on version $current_version"
  parameters=$(printf '%s' "$parameters" | grep -v -e '^Model=' -e '^Labels=' || true)
  deploy "ImageUri=$current_image" "LiveVersion=$current_version" "Model=$current_model" "Labels=$current_labels" ||
    fail 69 "the API is still on version $current_version, but Batch runs the new image: run install.sh again"
  fail 69 "the new image does not work ($1): the API is still on version $current_version, and Batch runs the image before"
}

# release – publishes a version of the predict function, tests it, and moves the API's alias to it.
release() {
  local predict reason
  predict=$(output predictFunction)
  await_function "$predict"
  await_function "$(output submitFunction)"
  # Gives the last version's number where neither code nor settings have changed since.
  version=$(aws lambda publish-version --function-name "$predict" --query Version --output text) ||
    put_back 'no version of the function could be published'
  aws lambda wait published-version-active --function-name "$predict" --qualifier "$version" || put_back "version $version does not start"
  say "testing version $version of the function"
  reason=$(check_version "$predict" "$version") || put_back "version $version: $reason"
  [ "$version" = "$current_version" ] || deploy "ImageUri=$image" "LiveVersion=$version" ||
    fail 69 "the alias could not be moved to version $version; the API is still on version $current_version"
  if [ "$(parameter Auth)" = none ] && command -v curl >/dev/null; then
    reason=$(check_api "$(output httpAPIUrl)") || put_back "$reason"
  fi
}

# tidy – removes versions of the function, revisions of the job definition and images that nothing can need any more.
tidy() {
  local predict name state found
  predict=$(output predictFunction)
  for name in $(aws lambda list-versions-by-function --function-name "$predict" --query 'Versions[].Version' --output text); do
    case $name in
    "\$LATEST" | None | "$version" | "$current_version") ;;
    *) aws lambda delete-function --function-name "$predict" --qualifier "$name" ;;
    esac
  done
  # A job keeps the revision and image that it was submitted with, until its last child has started.
  for state in SUBMITTED PENDING RUNNABLE STARTING RUNNING; do
    found=$(aws batch list-jobs --job-queue "$(output jobQueue)" --job-status "$state" --query 'jobSummaryList[0].jobId' --output text) || return 0
    case $found in '' | None) ;; *)
      say 'note: jobs are under way, so that no image is deleted this time'
      return
      ;;
    esac
  done
  for name in $(aws batch describe-job-definitions --job-definition-name "$stack" --status ACTIVE \
    --query 'jobDefinitions[].jobDefinitionArn' --output text); do
    case $name in None | "$(output jobDefinition)") ;; *) aws batch deregister-job-definition --job-definition "$name" ;; esac
  done
  for name in $(aws ecr list-images --repository-name "${repository#*/}" --query 'imageIds[].imageDigest' --output text | tr '\t' '\n' | sort -u); do
    case $name in
    None | "${image#*@}") ;;
    *) [ "$name" = "${current_image#*@}" ] ||
      aws ecr batch-delete-image --repository-name "${repository#*/}" --image-ids "imageDigest=$name" >/dev/null ;;
    esac
  done
}
