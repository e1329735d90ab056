# The exporter and the libraries it needs, and nothing else: no shell, no package manager.
#
#   docker build --build-arg REVISION="$(git rev-parse HEAD)" --tag pg_replication_exporter .
#
# What goes in comes from the base image and its Debian packages alone. With BASE_IMAGE given by digest
# and APT_MIRROR a snapshot of one day, the same versions go in every time; deploy/docker/packages.lock
# has those of the last release, and LOCKED=1 refuses any other.
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${BASE_IMAGE} AS build
ARG APT_MIRROR=
ARG LOCKED=0
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
WORKDIR /source
COPY scripts/lib/packages.sh scripts/lib/
RUN if [[ -n "$APT_MIRROR" ]]; then \
      rm -f /etc/apt/sources.list.d/*; \
      source /etc/os-release; \
      echo "deb [check-valid-until=no] $APT_MIRROR $VERSION_CODENAME main" > /etc/apt/sources.list; \
    fi; \
    source scripts/lib/packages.sh; \
    apt-get update -qq; \
    DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends \
      "${exporter_packages[@]}" ca-certificates > /dev/null
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY queries queries
COPY src src
RUN cmake --preset exporter; \
    cmake --build --preset exporter; \
    strip build/exporter/pg_replication_exporter
COPY deploy/docker deploy/docker
RUN LOCKED="$LOCKED" deploy/docker/make_root build/exporter/pg_replication_exporter /root_of_image

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=
ARG CREATED=
LABEL org.opencontainers.image.title="pg_replication_exporter" \
      org.opencontainers.image.description="Prometheus exporter and replication-lag monitor for PostgreSQL clusters" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=build /root_of_image /
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
USER 65532:65532
EXPOSE 9187
HEALTHCHECK --interval=10s --timeout=6s --start-period=5s --retries=3 \
  CMD ["/usr/bin/pg_replication_exporter", "healthcheck"]
ENTRYPOINT ["/usr/bin/pg_replication_exporter"]
