# Sourced by the scripts: the community's exporter that ours is compared with.
# shellcheck disable=SC2034

# Debian's next release has a newer one, a single program that needs nothing else of that release. It is
# unpacked here, not installed.
community_directory=${PGREPL_COMMUNITY:-/var/tmp/pg_replication_exporter/community}

# The mirror that this machine has its Debian packages from.
debian_mirror() {
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sed -n 1p
}

# Into the folder FOLDER; false when it cannot be had.
fetch_community_exporter() {
  local folder=$1 mirror
  mirror=$(debian_mirror) && [[ -n $mirror ]] || return 1
  mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror testing main" >"$folder/sources.list"
  local options=(
    -o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache" -o Acquire::Languages=none
    -o "APT::Sandbox::User=$(id --user --name)"
  )
  apt-get "${options[@]}" -qq update &&
    (cd "$folder" && apt-get "${options[@]}" -qq download prometheus-postgres-exporter) &&
    dpkg-deb --extract "$folder"/*.deb "$folder/unpacked"
}

# Exports PGREPL_COMMUNITY_EXPORTER: the program of Debian's next release, else the one that is installed.
provide_community_exporter() {
  local newer=$community_directory/prometheus-postgres-exporter folder
  if [[ ! -x $newer ]]; then
    folder=$(mktemp -d)
    if fetch_community_exporter "$folder" >"$folder/log" 2>&1; then
      mkdir -p "$community_directory"
      cp "$folder/unpacked/usr/bin/prometheus-postgres-exporter" "$newer"
    else
      cat "$folder/log" >&2
      echo "The newer prometheus-postgres-exporter is not to be had; the installed one is used." >&2
    fi
    rm -rf "$folder"
  fi
  if [[ -x $newer ]]; then
    export PGREPL_COMMUNITY_EXPORTER=$newer
  fi
}
