// What has to be waited for before a connection, on a few threads beside the loop: host names to
// addresses, since getaddrinfo() blocks for as long as name servers are silent and cannot be
// interrupted; password files and commands to passwords.
#pragma once

#include "pg/conninfo.h"
#include "session/errands.h"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <asio/awaitable.hpp>

namespace pgrepl::session {

// What a look-up gives: every address of the host, or what the resolver said.
using HostLookup =
    std::function<Expected<std::vector<std::string>, std::string>(const std::string& host)>;

// By getaddrinfo(). Blocks.
[[nodiscard]] Expected<std::vector<std::string>, std::string> look_up_host(const std::string& host);

class Resolver {
 public:
  // Of names; as many again for passwords.
  static constexpr std::size_t kMostThreads = Errands::kMostThreads;

  // `look_up` runs on other threads than the loop's, and may outlive the resolver.
  explicit Resolver(loop::Loop loop, HostLookup look_up = look_up_host);

  // Every address of `host`, in the system's order of preference; an address is its own. A look-up
  // that outlives its deadline goes on, and whoever asks for the same name meanwhile takes its
  // result. Behind kMostThreads look-ups that hang, others wait until their own deadline.
  asio::awaitable<Expected<std::vector<std::string>, std::string>> resolve(
      std::string host, loop::Instant deadline
  );

  // The password to log in with: what the configuration has, what the file has now, or what the
  // command printed within `password_ttl`. Absent where none of them is configured. The error names
  // the file or the program, and nothing that it said.
  asio::awaitable<Expected<std::optional<pg::Secret>, std::string>> password(
      const pg::ConnInfo& conninfo, loop::Instant deadline
  );

  // The server refused the password: the command is asked again the next time. True when what was
  // refused had been printed before this login, so that another one may be right already.
  bool forget_password(const pg::ConnInfo& conninfo);

 private:
  struct Kept {
    pg::Secret password;
    loop::Instant until;
    bool used_again = false;
  };

  asio::awaitable<Expected<std::optional<pg::Secret>, std::string>> ask_command(
      std::vector<std::string> command, std::chrono::milliseconds ttl, loop::Instant deadline
  );

  loop::Loop loop_;
  HostLookup look_up_;
  Errands names_;
  Errands passwords_;
  std::map<std::vector<std::string>, Kept> kept_;  // by the command
};

}  // namespace pgrepl::session
