#include "support/exporter.h"

#include "support/wait_until.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

#include <unistd.h>

namespace pgrepl::testing {

namespace {

Command command_for(const ExporterOptions& options) {
  const char* path = std::getenv("PGREPL_EXPORTER");
  if (path == nullptr || access(path, X_OK) != 0) {
    throw std::runtime_error("PGREPL_EXPORTER does not name the exporter's binary");
  }
  Command command{
      .arguments = options.launcher, .environment = environment_without({"PG", "DATA_SOURCE_"})};
  command.arguments.emplace_back(path);
  for (const auto& [name, value] : options.environment) {
    command.environment.push_back(name + "=" + value);
  }
  command.arguments.insert(
      command.arguments.end(), options.arguments.begin(), options.arguments.end()
  );
  return command;
}

Command serving_command(const ExporterOptions& options, std::uint16_t port) {
  auto command = command_for(options);
  command.arguments.push_back("--web.listen-address=127.0.0.1:" + std::to_string(port));
  return command;
}

}  // namespace

Exporter::Exporter(const ExporterOptions& options)
    : process_(serving_command(options, port_.number())) {
  if (!options.wait_until_ready) {
    return;
  }
  const auto ready = [this] {
    try {
      return http_get(port(), "/-/ready").status == 200;
    } catch (const HttpFailure&) {
      return false;
    }
  };
  if (!wait_until([&] { return ready() || !running(); }) || !running()) {
    throw std::runtime_error("the exporter does not get ready: " + output());
  }
}

HttpResponse Exporter::get(
    const std::string& path, const std::map<std::string, std::string>& headers
) const {
  return http_get(port(), path, headers);
}

std::vector<Series> Exporter::scrape() const {
  const auto response = get("/metrics");
  if (response.status != 200) {
    throw std::runtime_error("/metrics answered " + std::to_string(response.status));
  }
  return parse_exposition(response.body);
}

std::optional<double> Exporter::value(std::string_view name, const Labels& labels) const {
  return find_value(scrape(), name, labels);
}

std::size_t Exporter::resident_bytes() const {
  std::ifstream file{"/proc/" + std::to_string(process_.pid()) + "/statm"};
  std::size_t total_pages = 0;
  std::size_t resident_pages = 0;
  file >> total_pages >> resident_pages;
  return resident_pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

bool Exporter::has_socket(const std::string& inode) const {
  const std::filesystem::path descriptors{"/proc/" + std::to_string(process_.pid()) + "/fd"};
  for (const auto& entry : std::filesystem::directory_iterator{descriptors}) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone) == "socket:[" + inode + "]") {
      return true;
    }
  }
  return false;
}

void Exporter::reload() const {
  process_.signal(SIGHUP);
}

std::optional<int> Exporter::stop() {
  process_.signal(SIGTERM);
  return wait();
}

std::optional<int> Exporter::wait() {
  return process_.wait(kPatience);
}

std::string Exporter::output() const {
  std::string text = process_.output();
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    std::string later = process_.output();
    if (later == text) {
      break;
    }
    text = std::move(later);
  }
  return text;
}

Finished run_exporter(const ExporterOptions& options) {
  Process process{command_for(options)};
  const auto status = process.wait(kPatience);
  return {status, process.output()};
}

}  // namespace pgrepl::testing
