// A peer that speaks PostgreSQL's protocol 3.0 byte by byte, on a loopback port, by a script. It
// knows no SQL: it is for what no real server does when a test asks it to, as to fall silent in the
// middle of a message. It runs on the test's own loop, in the same thread, so that a test decides
// step by step what happens next.
#pragma once

#include "wire_messages.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace pgrepl::testing {

class WireServer {
 public:
  // The process that serves every connection, as the login says.
  static constexpr std::uint32_t kProcess = 4711;

  // Listens at once.
  explicit WireServer(asio::io_context& io);
  ~WireServer();
  WireServer(const WireServer&) = delete;
  WireServer& operator=(const WireServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  // ---- The script ----

  // What it sends when the startup packet has come; by default a login that works.
  std::string login;
  // The one byte that answers SSLRequest; more bytes than one are what a man in the middle adds.
  std::string ssl_answer = "N";
  // The answer to a statement: in the simple protocol without ReadyForQuery, in the extended one
  // what follows BindComplete. A statement without one gets a row of "n". An answer that begins
  // with an ErrorResponse makes it skip all up to the next Sync, as a server does.
  std::map<std::string, std::string> answers;
  // The same for Parse: the statement cannot be prepared.
  std::map<std::string, std::string> parse_errors;
  // Called after each message was heard, before it is answered.
  std::function<void(const std::string& heard)> when_heard = [](const std::string&) {};
  // While set, what it says waits; what it said before goes out.
  bool mute = false;
  // Each byte is a packet of its own.
  bool byte_by_byte = false;
  // The connection ends after so many bytes were sent over it.
  std::optional<std::size_t> cut_after;
  // Closes the connection as soon as it is accepted.
  bool slams_the_door = false;

  // ---- What a test does meanwhile, to the connection that came last ----

  // No longer mute: what waited is sent.
  void speak();
  // Sends bytes that nothing asked for.
  void send(const std::string& bytes);
  // What was sent before arrives, and nothing after it; then the peer reads the end.
  void hang_up();
  // The peer gets RST.
  void reset();

  // Accepts nobody any more: new connections are refused.
  void stop_listening() { acceptor_.close(); }

  // ---- What came of it ----

  // Of all connections: "SSLRequest", "startup", "password", "Query SQL", "Parse NAME SQL",
  // "Bind NAME", "Execute", "Sync", "Terminate", "end" for the end of a connection.
  [[nodiscard]] const std::vector<std::string>& heard() const { return heard_; }

  [[nodiscard]] std::size_t times(const std::string& beginning) const;

  [[nodiscard]] std::size_t connections() const { return connections_; }

  // The parameters of the last startup packet.
  [[nodiscard]] const std::map<std::string, std::string>& startup() const { return startup_; }

  // Bytes sent over the last connection.
  [[nodiscard]] std::size_t sent() const;

  // What a server of that version says when a login has worked.
  [[nodiscard]] static std::string welcome(const std::string& version = "15.4");

 private:
  class Peer;

  void accept();
  void note(std::string what);

  asio::io_context& io_;
  asio::ip::tcp::acceptor acceptor_;
  std::shared_ptr<Peer> peer_;  // the last one
  std::vector<std::weak_ptr<Peer>> peers_;
  std::vector<std::string> heard_;
  std::map<std::string, std::string> startup_;
  std::size_t connections_ = 0;
};

}  // namespace pgrepl::testing
