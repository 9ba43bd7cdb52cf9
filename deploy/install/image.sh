# The container image: whether one must be built, building it, testing it, pushing it. Sourced by install.sh after stack.sh.
# shellcheck shell=dash disable=SC2154,SC2034

# sha256 COMMAND… – the program that prints `digest  name` lines, run by COMMAND.
sha256() {
  if command -v sha256sum >/dev/null; then "$@" sha256sum; else "$@" shasum -a 256; fi
}

# prepare_context – makes the folder that the image is built from, and sets `context` and `digest`: of every file in it but
# the unit tests, which never reach the image, and of the architecture. Returns 1 where a part is missing.
prepare_context() {
  context=$scratch/context
  mkdir "$context"
  "$here/image-context.sh" "$context" "$model" "$labels" || return 1
  digest=$({
    (cd "$context" && find . -type f ! -path './Tests/*' -print0 | LC_ALL=C sort -z | sha256 xargs -0)
    echo "${architecture:-X86_64}"
  } | sha256 env | cut -c 1-32)
}

# pushed_image REPOSITORY – the digest of the newest image there that was built from the same parts, or nothing. Only images
# that passed their test are pushed.
pushed_image() {
  local found
  found=$(aws ecr describe-images --repository-name "${1#*/}" --output text --query \
    "sort_by(imageDetails[?imageTags && imageTags[?starts_with(@, '$digest')]], &imagePushedAt)[-1].imageDigest" 2>/dev/null) || return 0
  case $found in sha256:*) printf '%s' "$found" ;; esac
}

# build_image REFERENCE – what Lambda and Batch run, with the model inside.
build_image() {
  local platform=linux/amd64 machine=x86_64
  [ "$architecture" != ARM64 ] || platform=linux/arm64 machine=aarch64
  set -- --platform "$platform" --build-arg "MACHINE=$machine" -t "$1" -f "$context/deploy/Dockerfile" "$context"
  case $builder in
  # Lambda takes one image, not an index with attestations.
  docker)
    if docker buildx version >/dev/null 2>&1; then
      docker buildx build --load --provenance=false --sbom=false "$@" >&2
    else
      docker build "$@" >&2
    fi
    ;;
  *) "$builder" build --format docker "$@" >&2 ;;
  esac
}

# run_image REFERENCE WORD… – runs the image's entrypoint with these words, without a network.
run_image() {
  local reference=$1 container status=0
  shift
  case $builder in
  buildah)
    container=$(buildah from --pull-never "$reference") || return
    buildah run "$container" -- /usr/local/bin/image-entrypoint.sh "$@" || status=$?
    buildah rm "$container" >/dev/null
    return $status
    ;;
  *) "$builder" run --rm --network none "$reference" "$@" ;;
  esac
}

# test_image REFERENCE – classifies a photograph through the predict and the batch role, where this machine can run the image.
test_image() {
  if [ "${architecture:-X86_64}" != "$(own_architecture)" ] && ! run_image "$1" true >/dev/null 2>&1; then
    say "note: an image for $architecture cannot run here and was not tested; it is tested once it is deployed"
    return
  fi
  say 'testing the image'
  run_image "$1" check >&2 || fail 69 'the image does not classify its test photograph (see above); it was not pushed and nothing runs it'
}

# push_image REFERENCE – and sets `image`, the reference by digest.
push_image() {
  local found
  say "pushing $1"
  # Without a password the login fails, so its status covers both.
  aws ecr get-login-password | "$builder" login --username AWS --password-stdin "${repository%%/*}" >&2 ||
    fail 77 "$builder could not log in to ${repository%%/*}"
  "$builder" push "$1" >&2 || fail 69 "$1 could not be pushed"
  found=$(aws ecr describe-images --repository-name "${repository#*/}" --image-ids "imageTag=${1##*:}" \
    --query 'imageDetails[0].imageDigest' --output text)
  case $found in sha256:*) ;; *) fail 69 "$1 has no digest" ;; esac
  image=$repository@$found
}
