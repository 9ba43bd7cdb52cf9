# What fetch.sh can download, by name. Sourced by install.sh and image-context.sh.
# shellcheck shell=dash

model_names='resnet50 resnet50-int8 efficientnet-lite0 mobilenetv2 squeezenet'

# is_model_name WORD – whether it is one of them.
is_model_name() {
  local name
  for name in $model_names; do
    [ "$name" != "$1" ] || return 0
  done
  return 1
}
