// One place that knows servers of a cluster.
#pragma once

#include "config/config.h"
#include "support/expected.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

namespace pgrepl::discovery {

class Source {
 public:
  Source() = default;
  virtual ~Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // Every server it knows now, with a name that is the same the next time. Of more than
  // limits.discovered_servers it gives one more than that, each time the same ones. The error names
  // the source and the reason.
  virtual asio::awaitable<Expected<std::vector<config::Server>, std::string>> discover() = 0;

  [[nodiscard]] virtual std::chrono::milliseconds refresh() const = 0;
};

// Leaves `most` and one more of them, those that come first in their order, so that an answer in
// another order leaves the same ones.
template <class Value, class Projection>
void leave_some(std::vector<Value>& all, std::size_t most, Projection order) {
  if (all.size() > most + 1) {
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(most) + 1;
    std::ranges::nth_element(all, end, {}, order);
    all.erase(end, all.end());
  }
}

}  // namespace pgrepl::discovery
