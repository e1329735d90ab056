// The built exporter as its users run it: a process with flags and an environment, asked by HTTP.
#pragma once

#include "support/exposition.h"
#include "support/http_get.h"
#include "support/process.h"
#include "support/reserved_port.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pgrepl::testing {

struct ExporterOptions {
  std::map<std::string, std::string> environment = {};  // e.g. DATA_SOURCE_NAME
  std::vector<std::string> arguments = {};
  std::vector<std::string> launcher = {};  // a program that becomes the exporter, before its path
  bool wait_until_ready = true;            // else the constructor returns at once
};

class Exporter {
 public:
  // Takes the binary that PGREPL_EXPORTER names. Nothing of the PostgreSQL and exporter variables
  // around us reaches it. Throws with its output when it ends instead of getting ready.
  explicit Exporter(const ExporterOptions& options = {});

  [[nodiscard]] std::uint16_t port() const { return port_.number(); }

  [[nodiscard]] HttpResponse get(
      const std::string& path, const std::map<std::string, std::string>& headers = {}
  ) const;

  // The series of a new scrape.
  [[nodiscard]] std::vector<Series> scrape() const;

  // One value of a new scrape; see find_value.
  [[nodiscard]] std::optional<double> value(std::string_view name, const Labels& labels = {}) const;

  [[nodiscard]] std::size_t resident_bytes() const;

  // Whether one of its descriptors is the socket with this inode.
  [[nodiscard]] bool has_socket(const std::string& inode) const;

  [[nodiscard]] pid_t pid() const { return process_.pid(); }

  // SIGHUP.
  void reload() const;

  // SIGTERM; the exit status, absent when it does not end (then it is killed later).
  std::optional<int> stop();

  // For a process that ends by itself, on bad input for instance.
  std::optional<int> wait();

  [[nodiscard]] bool running() { return process_.running(); }

  // What it has written. A thread of its own writes the log, a moment after what a line is about:
  // so this waits until nothing has come for a tenth of a second, and two seconds at most.
  [[nodiscard]] std::string output() const;

 private:
  ReservedPort port_;
  Process process_;
};

// Runs the exporter with these arguments to its end, as for `check` and `--version`.
struct Finished {
  std::optional<int> status;
  std::string output;
};

[[nodiscard]] Finished run_exporter(const ExporterOptions& options);

}  // namespace pgrepl::testing
