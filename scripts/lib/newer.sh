# Sourced by the scripts: programs of Debian's next release that need nothing else of that release. They are
# shellcheck shell=bash disable=SC2034
# unpacked, not installed.
source scripts/lib/mirror.sh

newer_directory=${PGREPL_NEWER:-/var/tmp/pg_replication_exporter/newer}

# fetch_newer FOLDER PACKAGE: unpacks it into FOLDER/unpacked; false when it cannot be had.
fetch_newer() {
  local folder=$1 package=$2 mirror
  mirror=$(debian_mirror) && [[ -n $mirror ]] || return 1
  mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror testing main" >"$folder/sources.list"
  local options=(
    -o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache" -o Acquire::Languages=none
    -o "APT::Sandbox::User=$(id --user --name)"
  )
  apt-get "${options[@]}" -qq update &&
    (cd "$folder" && apt-get "${options[@]}" -qq download "$package") &&
    dpkg-deb --extract "$folder"/*.deb "$folder/unpacked"
}

# newer_program PACKAGE PROGRAM: prints the path of usr/bin/PROGRAM of that package; false when it cannot be
# had, and then says so on stderr.
newer_program() {
  local package=$1 program=$newer_directory/$2 folder status=0
  if [[ ! -x $program ]]; then
    folder=$(mktemp -d)
    if fetch_newer "$folder" "$package" >"$folder/log" 2>&1 && [[ -x $folder/unpacked/usr/bin/$2 ]]; then
      mkdir -p "$newer_directory"
      cp "$folder/unpacked/usr/bin/$2" "$program.$$"
      mv "$program.$$" "$program"
    else
      cat "$folder/log" >&2
      echo "The $2 of Debian's next release is not to be had." >&2
      status=1
    fi
    rm -rf "$folder"
  fi
  [[ $status -ne 0 ]] || echo "$program"
  return $status
}
