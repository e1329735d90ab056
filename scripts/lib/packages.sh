# Sourced by the scripts: what they need of Debian 12 and 13, and how it is installed.
# shellcheck disable=SC2034

build_packages=(
  g++ cmake ninja-build ccache pkg-config
  libpq-dev libssl-dev libcrypt-dev prometheus-cpp-dev libcivetweb-dev libyaml-cpp-dev libspdlog-dev libasio-dev
  libcli11-dev nlohmann-json3-dev libexpected-dev libdeflate-dev
  libgtest-dev libgmock-dev libbenchmark-dev
)
# The CMake presets build the tests, which run real servers.
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
fuzz_packages=(clang libclang-rt-14-dev)
# What tests/swarm needs: the engine, the base image's maker, the network of the nodes.
swarm_packages=(docker.io debootstrap iptables iproute2 python3 curl)
# What tests/systems runs around the servers.
systems_packages=(patroni etcd-server haproxy pgbouncer openssl iproute2 python3 python3-psycopg2)

# What scripts/dashboards runs around the servers, and shows the dashboards with.
dashboards_packages=(pgbouncer prometheus prometheus-alertmanager python3 python3-yaml python3-psycopg2 chromium)

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  else
    sudo "$@"
  fi
}

is_installed() {
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# While packages are installed, no service is started and no database cluster is created. Neither
# file stays, and one that is there already is not ours to change.
service_policy=/usr/sbin/policy-rc.d
cluster_policy=/etc/postgresql-common/createcluster.d/pg_replication_exporter.conf
policies=()

forbid_services() {
  if [[ ! -e $service_policy ]]; then
    policies+=("$service_policy")
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$service_policy" >/dev/null
    as_root chmod 755 "$service_policy"
  fi
  if [[ ! -e $cluster_policy ]]; then
    policies+=("$cluster_policy")
    as_root mkdir -p "${cluster_policy%/*}"
    echo 'create_main_cluster = false' | as_root tee "$cluster_policy" >/dev/null
  fi
}

allow_services() {
  if [[ ${#policies[@]} -gt 0 ]]; then
    as_root rm -f "${policies[@]}"
  fi
  policies=()
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
  echo "installing ${missing[*]}"
  # A subshell, so that its trap is not the caller's.
  (
    trap allow_services EXIT
    forbid_services
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  )
  if [[ -d /run/systemd/system ]]; then
    for package in prometheus prometheus-alertmanager; do
      if [[ " ${missing[*]} " == *" $package "* ]]; then
        as_root systemctl disable --now "$package"
      fi
    done
  fi
}
