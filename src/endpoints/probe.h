// /probe, the multi-target form: one server's series without cluster and server labels.
#pragma once

#include <optional>
#include <string>

namespace pgrepl::http {

struct ProbeRequest {
  std::string target;
  std::optional<std::string> cluster;  // where two clusters have servers of one name
  std::optional<std::string> auth_module;
};

struct ProbeAnswer {
  int status = 200;
  std::string text;  // the page, or why there is none
};

}  // namespace pgrepl::http
