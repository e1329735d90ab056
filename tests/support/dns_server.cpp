#include "support/dns_server.h"

#include "support/tcp_socket.h"

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pgrepl::testing {

namespace {

constexpr std::size_t kHeader = 12;
constexpr char kServerFailure = 2;
constexpr char kNoSuchName = 3;
constexpr char kTypeA = 1;

// Another one for each process, since all want port 53.
std::string own_address() {
  const auto number = static_cast<unsigned>(getpid());
  return "127.53." + std::to_string(number / 254 % 254 + 1) + '.' +
         std::to_string(number % 254 + 1);
}

// The name in a question as text; empty for what is cut off.
std::string read_name(const std::string& question) {
  std::string name;
  std::size_t at = kHeader;
  while (at < question.size() && question[at] != 0) {
    const auto length = static_cast<unsigned char>(question[at]);
    name += (name.empty() ? "" : ".") + question.substr(at + 1, length);
    at += length + std::size_t{1};
  }
  return name;
}

}  // namespace

DnsServer::DnsServer()
    : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), stop_(eventfd(0, EFD_CLOEXEC)) {
  const auto place = loopback(53, own_address());
  if (bind(socket_, reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot serve names");
  }
  std::ofstream{folder_.path() / "resolv.conf"} << "nameserver " << own_address()
                                                << "\noptions timeout:1 attempts:1\n";
  thread_ = std::thread{[this] { serve(); }};
}

DnsServer::~DnsServer() {
  const std::uint64_t one = 1;
  (void)!write(stop_, &one, sizeof one);
  thread_.join();
  close(stop_);
  close(socket_);
}

void DnsServer::set(const std::string& name, std::vector<std::string> addresses) {
  const std::lock_guard lock{mutex_};
  zone_[name] = std::move(addresses);
  failing_ = false;
}

void DnsServer::fail() {
  const std::lock_guard lock{mutex_};
  failing_ = true;
}

std::vector<std::string> DnsServer::launcher() const {
  return {
      "/usr/bin/unshare",
      "--mount",
      "/bin/sh",
      "-c",
      "mount --bind \"$1\" /etc/resolv.conf && shift && exec \"$@\"",
      "sh",
      folder_.path() / "resolv.conf"};
}

void DnsServer::serve() {
  std::array<pollfd, 2> waiting{
      pollfd{.fd = socket_, .events = POLLIN, .revents = 0},
      pollfd{.fd = stop_, .events = POLLIN, .revents = 0}};
  while (poll(waiting.data(), waiting.size(), -1) > 0 && waiting[1].revents == 0) {
    std::array<char, 512> buffer{};
    sockaddr_in client{};
    socklen_t size = sizeof client;
    auto* from = reinterpret_cast<sockaddr*>(&client);
    const auto count = recvfrom(socket_, buffer.data(), buffer.size(), 0, from, &size);
    if (count > static_cast<ssize_t>(kHeader)) {
      const std::string text = answer({buffer.data(), static_cast<std::size_t>(count)});
      sendto(socket_, text.data(), text.size(), 0, from, size);
    }
  }
}

// RFC 1035, 4.1: the header, the question as it came, and a record for each address.
std::string DnsServer::answer(const std::string& question) {
  const std::lock_guard lock{mutex_};
  const std::string name = read_name(question);
  const auto found = zone_.find(name);
  const std::size_t type_at = kHeader + name.size() + 2;
  const char code = failing_ ? kServerFailure : found == zone_.end() ? kNoSuchName : '\0';
  std::string records;
  char count = 0;
  if (code == 0 && type_at + 4 <= question.size() && question[type_at + 1] == kTypeA) {
    for (const std::string& address : found->second) {
      const in_addr_t bytes = inet_addr(address.c_str());
      records += std::string{"\xC0\x0C\0\x01\0\x01\0\0\0\0\0\x04", 12};
      records.append(reinterpret_cast<const char*>(&bytes), sizeof bytes);
      ++count;
    }
  }
  std::string header = question.substr(0, 2);
  header += std::string{'\x85', code, 0, 1, 0, count, 0, 0, 0, 0};
  return header + question.substr(kHeader, type_at + 4 - kHeader) + records;
}

}  // namespace pgrepl::testing
