# Sourced by the scripts: the community's exporter that ours is compared with.
# shellcheck shell=bash disable=SC2034
source scripts/lib/newer.sh

# Exports PGREPL_COMMUNITY_EXPORTER: the program of Debian's next release, else the one that is installed.
provide_community_exporter() {
  local newer
  if newer=$(newer_program prometheus-postgres-exporter prometheus-postgres-exporter); then
    export PGREPL_COMMUNITY_EXPORTER=$newer
  fi
}
