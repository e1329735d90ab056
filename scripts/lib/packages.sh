# Sourced by the scripts: what they need of Debian 12 and 13, and how it is installed.
# shellcheck disable=SC2034

# The exporter alone, as users build it (preset exporter).
exporter_packages=(
  g++ cmake ninja-build
  libpq-dev libssl-dev libcrypt-dev prometheus-cpp-dev libcivetweb-dev libyaml-cpp-dev libspdlog-dev libasio-dev
  libcli11-dev nlohmann-json3-dev libexpected-dev libdeflate-dev
)
# What cpack makes the Debian package with.
cpack_packages=(file dpkg-dev)
# All that the other presets build: tests and benchmarks too.
build_packages=("${exporter_packages[@]}" "${cpack_packages[@]}" ccache libgtest-dev libgmock-dev libbenchmark-dev python3)
# The tests run real servers.
server_packages=(postgresql postgresql-client)
demo_packages=(curl)
# prometheus is here for promtool, and for tests that start it on a port of their own, as they do with
# prometheus-alertmanager; neither runs as a service. python3-prometheus-client has the reference
# parser of OpenMetrics, chromium shows the status page. libfaketime lets a clock jump, ss of
# iproute2 shows the timers of sockets.
test_packages=(
  clang-format python3 python3-yaml python3-prometheus-client python3-psycopg2 curl prometheus prometheus-alertmanager
  chromium dpkg-dev fish groff-base iproute2 libfaketime openssl pgbouncer shellcheck systemd zsh
)
# libFuzzer comes with clang's runtime.
fuzz_packages=(clang libclang-rt-dev)
# What scripts/fresh makes a bare Debian with.
fresh_packages=(debootstrap git util-linux)
# What tests/swarm needs: the engine, the base image's maker, the network of the nodes.
swarm_packages=(docker.io debootstrap iptables iproute2 python3 curl)
# What tests/systems runs around the servers.
systems_packages=(patroni etcd-server haproxy pgbouncer openssl iproute2 python3 python3-psycopg2)

# What scripts/dashboards runs around the servers, and shows the dashboards with.
dashboards_packages=(pgbouncer prometheus prometheus-alertmanager python3 python3-yaml python3-psycopg2 chromium)

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "This needs root and there is no sudo here: $*" >&2
    return 1
  fi
}

is_installed() {
  # shellcheck disable=SC2016 # dpkg's own variable
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Installs those of the packages that are missing; when there are none, nothing is done at all.
ensure_packages() {
  local package missing=()
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  if [[ ${#missing[@]} -eq 0 ]]; then
    return 0
  fi
  if ! command -v apt-get >/dev/null; then
    echo "These scripts install packages with the apt-get of Debian 12 or 13, which is not here." >&2
    echo "Elsewhere, build the image instead: docker build --tag pg_replication_exporter ." >&2
    echo "Missing are: ${missing[*]}" >&2
    return 1
  fi
  echo "installing ${missing[*]}"
  as_root "$(dirname "${BASH_SOURCE[0]}")/install_packages" "${missing[@]}"
}

# help_of SCRIPT: its first comment, down to the first line that is none.
help_of() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1"
}

# With -h or --help as the only argument, prints the help of the script and ends it.
offer_help() {
  case ${1:-} in
    -h | --help)
      help_of "${BASH_SOURCE[1]}"
      exit 0
      ;;
  esac
}
