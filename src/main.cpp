// Flags → configuration → Monitor → exit status.
#include "command_line.h"
#include "healthcheck.h"
#include "log.h"
#include "monitor.h"
#include "startup.h"
#include "status.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <variant>

#include <malloc.h>

namespace {

constexpr int kBadInput = 2;
constexpr int kInternal = 70;

int run(int argc, char** argv) {
  using namespace pgrepl;
  const std::string version = PGREPL_VERSION;
  auto parsed = parse_command_line(argc, argv, version);
  if (const auto* end = std::get_if<EndNow>(&parsed)) {
    std::fputs(end->text.c_str(), end->status == 0 ? stdout : stderr);
    return end->status;
  }
  const auto& line = std::get<CommandLine>(parsed);
  if (line.command == Command::Status && line.status.url) {
    return status_of_exporter(line.status);
  }
  auto startup = read_startup(line);
  if (!startup) {
    std::fputs(to_string(startup.error()).c_str(), stderr);
    return kBadInput;
  }
  switch (line.command) {
    case Command::Check:
      std::puts("The configuration and the query files are valid.");
      return 0;
    case Command::Healthcheck:
      return healthcheck(startup->config.web);
    case Command::Status:
      log::configure(log::Level::Error, line.log_format);
      return status_of_servers(line.status, std::move(*startup));
    case Command::Serve:
      break;
  }
  log::configure(line.log_level, line.log_format);
  // What reading the YAML took goes back now: it would stay resident for good.
  malloc_trim(0);
  Monitor monitor{std::move(startup->config), std::move(startup->catalogue), version};
  if (const auto served = monitor.run(); !served) {
    log::write(log::Level::Error, "monitor", served.error());
    return kBadInput;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  // A thread's own arena costs more memory than the short-lived work of the HTTP threads is worth.
  mallopt(M_ARENA_MAX, 1);
  // A page is rendered in pieces that come and go with each round; what is free goes back at once.
  mallopt(M_MMAP_THRESHOLD, 64 * 1024);
  mallopt(M_TRIM_THRESHOLD, 128 * 1024);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    pgrepl::log::write(pgrepl::log::Level::Error, "main", "internal error", {{"what", e.what()}});
    return kInternal;
  }
}
