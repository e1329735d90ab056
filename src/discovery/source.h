// One place that knows servers of a cluster.
#pragma once

#include "config/config.h"
#include "support/expected.h"

#include <chrono>
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

  // Every server it knows now, with a name that is the same the next time. The error names the
  // source and the reason.
  virtual asio::awaitable<Expected<std::vector<config::Server>, std::string>> discover() = 0;

  [[nodiscard]] virtual std::chrono::milliseconds refresh() const = 0;
};

}  // namespace pgrepl::discovery
