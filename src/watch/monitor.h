// The exporter as a process: what is watched, on a loop with the machine's own clock and network,
// with the signals, the HTTP server, and the thread that reads the configuration.
#pragma once

#include "endpoints/endpoints.h"
#include "fetch/fetch.h"
#include "loop/ask_loop.h"
#include "session/libpq_network.h"
#include "start/setup.h"
#include "support/expected.h"
#include "watch/reload_gate.h"
#include "watch/watch.h"

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/thread_pool.hpp>

namespace pgrepl::watch {

class Monitor : public http::SnapshotSource {
 public:
  Monitor(Setup setup, std::string version);

  // Serves until SIGTERM or SIGINT; on SIGHUP, runs by what `read_setup` gives from then on. The
  // error says why it could not start.
  [[nodiscard]] Expected<void, std::string> run(SetupReader read_setup);

  // Watches without serving, until SIGTERM, SIGINT or stop_watching().
  void watch();
  // From any thread.
  void stop_watching();

  // For any thread but the loop's: who is watched now; empty when the loop does not answer.
  [[nodiscard]] std::vector<WatchedServer> servers();

  // For any thread but the loop's: runs a round, or joins the one that runs, and gives its
  // snapshot; null when the loop did not answer in time.
  [[nodiscard]] std::shared_ptr<const Snapshot> fresh(
      std::chrono::milliseconds timeout, metrics::Selection selection
  ) override;
  [[nodiscard]] std::optional<cluster::Instant> last_round() const override;
  [[nodiscard]] std::shared_ptr<const pages::Picture> picture() const override;
  [[nodiscard]] std::shared_ptr<const cluster::EventLog> events() const override;
  [[nodiscard]] http::ProbeAnswer probe(
      const http::ProbeRequest& request, std::chrono::milliseconds timeout
  ) override;
  [[nodiscard]] bool is_responsive() const override;
  [[nodiscard]] Expected<void, std::string> reload() override;

 private:
  using SnapshotReply = loop::Reply<SnapshotPointer>;
  using ProbeReply = loop::Reply<http::ProbeAnswer>;
  using Reloaded = Expected<void, std::string>;
  using ReloadReply = loop::Reply<Reloaded>;

  [[nodiscard]] Expected<void, std::string> serve();
  // Runs the loop until all has come to its end.
  void run_loop();
  void stop();
  asio::awaitable<void> wait_for_signal();
  asio::awaitable<void> answer_scrape(
      std::chrono::milliseconds timeout, metrics::Selection selection, SnapshotReply reply
  );
  asio::awaitable<void> answer_probe(
      std::chrono::milliseconds timeout, http::ProbeRequest request, ProbeReply reply
  );

  void request_reload();
  // Reads on a thread of its own: a slow disk does not delay a tick.
  void read_setup();
  using SetupRead = std::future<Expected<Setup, Errors>>;
  asio::awaitable<void> take_read(std::shared_ptr<SetupRead> read);
  void answer_reloads(const Reloaded& outcome);
  // Of whatever became of it.
  void end_reload();
  [[nodiscard]] Reloaded take_setup(Expected<Setup, Errors> read);

  loop::SystemClock clock_;
  asio::io_context io_{1};
  loop::Loop loop_{io_, clock_};
  session::LibpqNetwork network_{loop_};
  fetch::HttpClient http_{loop_, network_};
  loop::Questions questions_{io_};
  asio::signal_set signals_{io_, SIGTERM, SIGINT};
  bool stopping_ = false;
  Watch watch_;
  SetupReader read_setup_;
  ReloadGate reloads_;
  std::vector<ReloadReply> reload_next_;  // wait for the read after the one under way
  std::vector<ReloadReply> reload_now_;   // wait for the read under way
  bool reload_broke_ = false;             // by an exception, until its last line is reached
  asio::thread_pool reader_{1};
  std::unique_ptr<http::Server> server_;
};

}  // namespace pgrepl::watch
