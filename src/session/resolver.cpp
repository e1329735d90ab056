#include "session/resolver.h"

#include "files/read.h"
#include "session/password_command.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <asio/ip/address.hpp>
#include <netdb.h>
#include <sys/socket.h>

namespace pgrepl::session {

namespace {

using Found = Expected<std::vector<std::string>, std::string>;
using Password = Expected<std::optional<pg::Secret>, std::string>;

bool is_address(const std::string& host) {
  asio::error_code problem;
  (void)asio::ip::make_address(host, problem);
  return !problem;
}

Brought read_file(const std::string& path) {
  auto password = files::read_password(path);
  if (!password) {
    return Unexpected{"the password file " + path + ' ' + password.error()};
  }
  return std::vector<std::string>{std::move(*password)};
}

// A password as somebody brought it.
Password taken(std::optional<Brought> brought, const std::string& late) {
  if (!brought) {
    return Unexpected<std::string>{late};
  }
  if (!*brought) {
    return Unexpected{brought->error()};
  }
  return std::optional{pg::Secret{std::move((*brought)->front())}};
}

}  // namespace

Found look_up_host(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  if (const int problem = getaddrinfo(host.c_str(), nullptr, &hints, &found); problem != 0) {
    return Unexpected<std::string>{gai_strerror(problem)};
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner{found, freeaddrinfo};
  std::vector<std::string> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(
            entry->ai_addr, entry->ai_addrlen, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST
        ) == 0 &&
        std::ranges::find(addresses, text.data()) == addresses.end()) {
      addresses.emplace_back(text.data());
    }
  }
  return addresses;
}

Resolver::Resolver(loop::Loop loop, HostLookup look_up)
    : loop_(loop), look_up_(std::move(look_up)), names_(loop), passwords_(loop) {
}

asio::awaitable<Found> Resolver::resolve(std::string host, loop::Instant deadline) {
  if (is_address(host)) {
    std::vector<std::string> itself(1, host);
    co_return itself;
  }
  Errand look_up = [look_up = look_up_, host] { return look_up(host); };
  auto found = co_await names_.run(std::move(host), std::move(look_up), deadline);
  if (!found) {
    co_return Unexpected<std::string>{"no answer from the name server in time"};
  }
  co_return std::move(*found);
}

asio::awaitable<Password> Resolver::password(const pg::ConnInfo& conninfo, loop::Instant deadline) {
  if (conninfo.password_file) {
    std::string path = *conninfo.password_file;
    const std::string late = "the password file " + path + " cannot be read in time";
    Errand errand = [path] { return read_file(path); };
    auto brought = co_await passwords_.run(std::move(path), std::move(errand), deadline);
    co_return taken(std::move(brought), late);
  }
  if (!conninfo.password_command.empty()) {
    auto command = expand_password_command(conninfo);
    auto answer = co_await ask_command(std::move(command), conninfo.password_ttl, deadline);
    co_return answer;
  }
  co_return conninfo.password;
}

asio::awaitable<Password> Resolver::ask_command(
    std::vector<std::string> command, std::chrono::milliseconds ttl, loop::Instant deadline
) {
  const auto kept = kept_.find(command);
  if (kept != kept_.end() && loop_.now() < kept->second.until) {
    kept->second.used_again = true;
    co_return std::optional{kept->second.password};
  }
  std::string key;
  for (const std::string& word : command) {
    key += word + '\0';
  }
  const std::string late = "password_command " + command.front() + " did not end in time";
  // The thread has a clock of its own, since the program is real whatever the loop's clock is.
  const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - loop_.now());
  Errand errand = [command, time] { return run_password_command(command, time); };
  auto brought = co_await passwords_.run(std::move(key), std::move(errand), deadline);
  auto answer = taken(std::move(brought), late);
  if (answer) {
    kept_.insert_or_assign(command, Kept{**answer, loop_.now() + ttl});
  }
  co_return answer;
}

bool Resolver::forget_password(const pg::ConnInfo& conninfo) {
  const auto kept = kept_.find(expand_password_command(conninfo));
  if (kept == kept_.end()) {
    return false;
  }
  const bool was_old = kept->second.used_again;
  kept_.erase(kept);
  return was_old;
}

}  // namespace pgrepl::session
