#include "metrics/gauge_writer.h"

#include <string>

namespace pgrepl::metrics {

void add_endpoint_families(const cluster::EndpointStatus& status, GaugeWriter& out) {
  const cluster::EndpointProbe& probe = status.probe;
  if (!probe.reading && !probe.failure) {
    return;
  }
  const std::string expect = probe.expects_any                        ? "any"
                             : probe.expect == cluster::Role::Primary ? "primary"
                                                                      : "standby";
  const Label name{"endpoint", probe.name};
  const Label role{"expect", expect};
  out.gauge(
      "pg_endpoint_up",
      "Whether a server answers through the endpoint",
      {name, role},
      truth(probe.reading.has_value())
  );
  out.gauge(
      "pg_endpoint_ok",
      "Whether the endpoint leads to the expected role, writable if a primary",
      {name, role},
      truth(status.ok)
  );
  if (probe.reading) {
    out.gauge(
        "pg_endpoint_duration_seconds",
        "From looking up the endpoint to the first answer of the server behind it",
        {name, role},
        probe.duration.count()
    );
  }
  if (status.server) {
    out.gauge(
        "pg_endpoint_server_info",
        "The server that the endpoint leads to",
        {name, {"server", *status.server}},
        1
    );
  }
}

}  // namespace pgrepl::metrics
