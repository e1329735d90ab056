// Who answers, whatever the list of servers says: which entries lead to one server, and which
// servers belong together by birth.
#pragma once

#include "cluster/memory.h"
#include "cluster/sample.h"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace pgrepl::cluster {

// Servers with one system identifier; of those whose birth is not known, they are of the first.
struct Family {
  std::optional<pg::SystemIdentifier> system;
  std::vector<std::size_t> members;  // indices of the samples, each server once

  friend bool operator==(const Family&, const Family&) = default;
};

struct Identities {
  std::vector<Family> families;  // the cluster's own comes first
  // For an entry that leads to a server that another entry leads to: that entry. By sample.
  std::vector<std::optional<std::size_t>> same_as;
  bool rebuilt = false;  // the cluster's servers have another identifier than they had
};

// One server is known by its system identifier and its postmaster's start. Notes in `memory` which
// entries are one, so that it is known while one of them is silent. The cluster's own family is the
// one it was; when a server of it was born anew and is primary, or nobody else is left, the new
// one; and at first that with most servers, and of equals the one with a primary.
[[nodiscard]] Identities identify(std::span<const ServerSample> samples, Memory& memory);

}  // namespace pgrepl::cluster
