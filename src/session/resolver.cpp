#include "session/resolver.h"

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

#include <asio/ip/address.hpp>
#include <asio/redirect_error.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <netdb.h>
#include <sys/socket.h>

namespace pgrepl::session {

namespace {

using Addresses = Expected<std::vector<std::string>, std::string>;

Addresses get_addresses(const std::string& host) {
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

}  // namespace

void Resolver::look_up(const std::shared_ptr<Lookup>& lookup) {
  auto result = get_addresses(lookup->host);
  const std::lock_guard lock{lookup->mutex};
  lookup->result = std::move(result);
}

std::optional<Addresses> Resolver::take_result() {
  const std::lock_guard lock{running_->mutex};
  return std::exchange(running_->result, std::nullopt);
}

asio::awaitable<Addresses> Resolver::resolve(
    std::string host, std::chrono::steady_clock::time_point deadline
) {
  asio::error_code not_an_address;
  (void)asio::ip::make_address(host, not_an_address);
  if (!not_an_address) {
    std::vector<std::string> itself(1, host);
    co_return itself;
  }
  if (running_ == nullptr || running_->host != host) {
    running_ = std::make_shared<Lookup>();
    running_->host = host;
    std::thread{look_up, running_}.detach();
  }
  asio::steady_timer pause{io_};
  for (std::chrono::milliseconds wait{1};;
       wait = std::min(wait * 2, std::chrono::milliseconds{20})) {
    if (auto result = take_result()) {
      running_.reset();
      co_return std::move(*result);
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      co_return Unexpected<std::string>{"no answer from the name server in time"};
    }
    pause.expires_after(wait);
    asio::error_code ignored;
    co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
}

}  // namespace pgrepl::session
