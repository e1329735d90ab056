// A name server of one zone on an address and port 53 of the loopback interface, and a launcher
// that makes a program ask it: the program gets a mount namespace with an /etc/resolv.conf of its
// own. Needs root, for port 53 and the namespace.
#pragma once

#include "support/pg_installation.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace pgrepl::testing {

class DnsServer {
 public:
  DnsServer();
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  // The IPv4 addresses of a name from now on; a name that was never set does not exist.
  void set(const std::string& name, std::vector<std::string> addresses);

  // Answers every question with a failure of the server, until set().
  void fail();

  // For ExporterOptions.
  [[nodiscard]] std::vector<std::string> launcher() const;

 private:
  void serve();
  [[nodiscard]] std::string answer(const std::string& question);

  TemporaryDirectory folder_;
  int socket_ = -1;
  int stop_ = -1;  // eventfd
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> zone_;
  bool failing_ = false;
  std::thread thread_;
};

}  // namespace pgrepl::testing
