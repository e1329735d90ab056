// Flags → configuration → Monitor → exit status.
#include "catalogue/load.h"
#include "commands/check_servers.h"
#include "commands/doctor_command.h"
#include "commands/healthcheck.h"
#include "commands/status.h"
#include "log/log.h"
#include "metrics/reference.h"
#include "start/command_line.h"
#include "start/startup.h"
#include "watch/monitor.h"

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <variant>

#include <malloc.h>

namespace {

constexpr int kBadInput = 2;
constexpr int kInternal = 70;

int report_check(const pgrepl::catalogue::Catalogue& catalogue) {
  if (!catalogue.broken.empty()) {
    std::fputs(to_string(mistakes_of(catalogue)).c_str(), stderr);
    return kBadInput;
  }
  std::puts("The configuration and the query files are valid.");
  return 0;
}

// A query that cannot run must not keep the others, nor the watch over the servers, from running.
void log_broken_queries(const pgrepl::catalogue::Catalogue& catalogue) {
  using namespace pgrepl;
  for (const InputError& mistake : mistakes_of(catalogue)) {
    log::write(
        log::Level::Warning, "catalogue", "query left out", {{"reason", to_string(mistake)}}
    );
  }
}

int print_reference(const pgrepl::CommandLine& line) {
  const auto catalogue = pgrepl::read_catalogue(line.flags.extend_query_paths);
  if (!catalogue) {
    std::fputs(to_string(catalogue.error()).c_str(), stderr);
    return kBadInput;
  }
  const auto series = pgrepl::metrics::list_series(*catalogue);
  const bool json = line.reference_format == pgrepl::ReferenceFormat::Json;
  std::fputs((json ? to_json(series) : to_markdown(series)).c_str(), stdout);
  return 0;
}

int run_command(const pgrepl::CommandLine& line, const std::string& version) {
  using namespace pgrepl;
  if (line.command == Command::Metrics) {
    return print_reference(line);
  }
  if (line.command == Command::Status && line.status.url) {
    return status_of_exporter(line.status);
  }
  auto setup = read_setup(line);
  if (!setup) {
    std::fputs(to_string(setup.error()).c_str(), stderr);
    return kBadInput;
  }
  switch (line.command) {
    case Command::Check:
      log::configure(log::Level::Error, line.log_format);
      return line.connects && setup->catalogue.broken.empty() ? check_servers(std::move(*setup))
                                                              : report_check(setup->catalogue);
    case Command::Doctor:
      log::configure(log::Level::Error, line.log_format);
      return examine_servers(std::move(*setup));
    case Command::Healthcheck:
      return healthcheck(setup->config.web);
    case Command::Status:
      log::configure(log::Level::Error, line.log_format);
      return status_of_servers(line.status, std::move(*setup));
    case Command::Metrics:
    case Command::Serve:
      break;
  }
  log::configure(line.log_level, line.log_format);
  log::write_in_background();
  log_broken_queries(setup->catalogue);
  // What reading the YAML took goes back now: it would stay resident for good.
  malloc_trim(0);
  watch::Monitor monitor{std::move(*setup), version};
  if (const auto served = monitor.run([&line] { return read_setup(line); }); !served) {
    log::write(log::Level::Error, "monitor", served.error());
    return kBadInput;
  }
  return 0;
}

int run(int argc, char** argv) {
  using namespace pgrepl;
  const std::string version = PGREPL_VERSION;
  auto parsed = parse_command_line(argc, argv, version);
  if (const auto* end = std::get_if<EndNow>(&parsed)) {
    std::fputs(end->text.c_str(), end->status == 0 ? stdout : stderr);
    return end->status;
  }
  return run_command(std::get<CommandLine>(parsed), version);
}

// What the log still holds is written before the process ends; a reader that stands still does not
// keep it from ending.
int end(int status) {
  constexpr std::chrono::milliseconds kPatience{500};
  if (!pgrepl::log::finish(kPatience)) {
    std::_Exit(status);
  }
  return status;
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
    return end(run(argc, argv));
  } catch (const std::exception& e) {
    pgrepl::log::write(pgrepl::log::Level::Error, "main", "internal error", {{"what", e.what()}});
    return end(kInternal);
  }
}
