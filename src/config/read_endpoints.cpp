#include "config/read_endpoints.h"

#include <algorithm>
#include <string>
#include <utility>

namespace pgrepl::config {

namespace {

// The names of these are labels of their own; the same endpoint twice, with the two roles, is fine.
std::optional<Endpoint> read_endpoint(
    const yaml::Node& node, const ConnectionContext& context, Errors& errors
) {
  yaml::Reader reader{node, errors};
  Endpoint endpoint;
  endpoint.name = reader.text("name").value_or("");
  const auto expect = reader.text("expect").value_or("primary");
  if (expect != "primary" && expect != "standby" && expect != "any") {
    reader.error("expect", "expected primary, standby or any");
  }
  endpoint.expect = expect == "standby" ? Expect::Standby
                    : expect == "any"   ? Expect::Any
                                        : Expect::Primary;
  auto conninfo = read_connection(reader, context);
  reader.finish();
  if (!conninfo) {
    return std::nullopt;
  }
  endpoint.conninfo = std::move(*conninfo);
  if (endpoint.name.empty()) {
    endpoint.name = to_string(endpoint.conninfo.endpoint);
  }
  return endpoint;
}

}  // namespace

std::vector<Endpoint> read_endpoints(
    const yaml::Node& list, const ConnectionContext& context, Errors& errors
) {
  std::vector<Endpoint> endpoints;
  for (const yaml::Node& node : list.items) {
    auto endpoint = read_endpoint(node, context, errors);
    if (!endpoint) {
      continue;
    }
    if (std::ranges::find(endpoints, endpoint->name, &Endpoint::name) != endpoints.end()) {
      errors.push_back(
          {node.where, "name: two endpoints are called '" + endpoint->name + "'; rename one"}
      );
    }
    endpoints.push_back(std::move(*endpoint));
  }
  return endpoints;
}

}  // namespace pgrepl::config
