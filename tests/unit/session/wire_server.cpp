#include "wire_server.h"

#include <algorithm>
#include <array>
#include <utility>

#include <asio/buffer.hpp>

namespace pgrepl::testing {

namespace {

constexpr std::uint32_t kSslRequest = 80877103;

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t number = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    number = (number << 8U) | static_cast<unsigned char>(bytes[i]);
  }
  return number;
}

// The text that ends at the next zero byte; `at` is behind it then.
std::string text_at(const std::string& bytes, std::size_t& at) {
  const std::size_t end = std::min(bytes.find('\0', at), bytes.size());
  std::string text = bytes.substr(at, end - at);
  at = end + 1;
  return text;
}

// A server tells the same process by SQL as at the login; a pooler does not.
std::string usual_answer(const std::string& sql) {
  return sql == "SELECT pg_catalog.pg_backend_pid()"
             ? wire::one(std::to_string(WireServer::kProcess))
             : wire::command_complete("SET");
}

bool is_error(const std::string& answer) {
  return answer.starts_with('E');
}

}  // namespace

// One connection. Handlers that have not run yet keep it; after the server's end it does nothing.
class WireServer::Peer : public std::enable_shared_from_this<Peer> {
 public:
  Peer(WireServer& server, asio::ip::tcp::socket socket)
      : server_(&server), socket_(std::move(socket)) {
    asio::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay{true}, ignored);
  }

  void read() {
    auto self = shared_from_this();
    socket_.async_read_some(
        asio::buffer(chunk_),
        [self](const asio::error_code& error, std::size_t size) { self->take(error, size); }
    );
  }

  void send(const std::string& bytes) {
    if (ends_) {
      return;
    }
    (server_->mute ? held_ : out_) += bytes;
    write();
  }

  // What was held back goes out.
  void speak() {
    out_ += std::exchange(held_, "");
    write();
  }

  void write() {
    if (server_ == nullptr || writing_ || !socket_.is_open()) {
      return;
    }
    if (going_out_.empty()) {
      going_out_.swap(out_);
      gone_ = 0;
    }
    std::size_t size = going_out_.size() - gone_;
    size = server_->byte_by_byte ? std::min<std::size_t>(size, 1) : size;
    if (server_->cut_after) {
      size = std::min(size, *server_->cut_after - std::min(sent_, *server_->cut_after));
    }
    if (size == 0) {
      end_if_due();
      return;
    }
    writing_ = true;
    auto self = shared_from_this();
    socket_.async_write_some(
        asio::buffer(going_out_.data() + gone_, size),
        [self](const asio::error_code& error, std::size_t written) { self->wrote(error, written); }
    );
  }

  void end_when_sent() {
    ends_ = true;
    write();
  }

  void reset() {
    asio::error_code ignored;
    socket_.set_option(asio::socket_base::linger{true, 0}, ignored);
    socket_.close(ignored);
  }

  void forget_server() {
    server_ = nullptr;
    asio::error_code ignored;
    socket_.close(ignored);
  }

  [[nodiscard]] std::size_t sent() const { return sent_; }

 private:
  void wrote(const asio::error_code& error, std::size_t written) {
    writing_ = false;
    sent_ += written;
    gone_ += written;
    if (gone_ == going_out_.size()) {
      going_out_.clear();
    }
    if (!error) {
      write();
    }
  }

  void end_if_due() {
    const bool cut = server_->cut_after && sent_ >= *server_->cut_after;
    if (cut || (ends_ && going_out_.empty())) {
      asio::error_code ignored;
      socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    }
  }

  void take(const asio::error_code& error, std::size_t size) {
    if (server_ == nullptr) {
      return;
    }
    if (error) {
      server_->note("end");
      return;
    }
    in_.append(chunk_.data(), size);
    while (server_ != nullptr && take_message()) {
    }
    if (socket_.is_open()) {
      read();
    }
  }

  // False when no whole message is there.
  bool take_message() {
    const std::size_t head = started_ ? 1 : 0;
    if (in_.size() < head + 4 || in_.size() < head + number_at(in_, head)) {
      return false;
    }
    const std::size_t size = head + number_at(in_, head);
    const std::string body = in_.substr(head + 4, size - head - 4);
    const char type = started_ ? in_[0] : '\0';
    in_.erase(0, size);
    if (started_) {
      take_typed(type, body);
    } else {
      take_startup(body);
    }
    return true;
  }

  void take_startup(const std::string& body) {
    if (number_at(body, 0) == kSslRequest) {
      server_->note("SSLRequest");
      send(server_->ssl_answer);
      return;
    }
    started_ = true;
    server_->startup_.clear();
    for (std::size_t at = 4; at < body.size() && body[at] != '\0';) {
      const std::string name = text_at(body, at);
      server_->startup_[name] = text_at(body, at);
    }
    server_->note("startup");
    send(server_->login);
  }

  void take_typed(char type, const std::string& body) {
    std::size_t at = 0;
    switch (type) {
      case 'Q':
        take_query(text_at(body, at));
        break;
      case 'P':
        take_parse(body);
        break;
      case 'B':
        take_bind(body);
        break;
      case 'E':
        server_->note("Execute");
        answer(answer_to(bound_));
        break;
      case 'S':
        server_->note("Sync");
        note_transaction(bound_, std::exchange(skips_, false));
        send(wire::ready_for_query(transaction_));
        break;
      case 'p':
        server_->note("password");
        break;
      case 'X':
        server_->note("Terminate");
        break;
      default:
        break;  // Describe: what describes the rows is in the answer to Execute
    }
  }

  void take_query(const std::string& sql) {
    server_->note("Query " + sql);
    const auto found = server_->answers.find(sql);
    const bool known = found != server_->answers.end();
    const std::string answer = known ? found->second : usual_answer(sql);
    send(answer);
    note_transaction(sql, is_error(answer));
    send(wire::ready_for_query(transaction_));
  }

  void note_transaction(const std::string& sql, bool failed) {
    if (sql.starts_with("BEGIN") && !failed) {
      transaction_ = 'T';
    } else if (sql.starts_with("COMMIT") || sql.starts_with("ROLLBACK")) {
      transaction_ = 'I';
    } else if (failed && transaction_ == 'T') {
      transaction_ = 'E';
    }
  }

  void take_parse(const std::string& body) {
    std::size_t at = 0;
    const std::string name = text_at(body, at);
    const std::string sql = text_at(body, at);
    server_->note("Parse " + name + " " + sql);
    const auto fails = server_->parse_errors.find(sql);
    if (fails != server_->parse_errors.end()) {
      answer(fails->second);
    } else {
      prepared_[name] = sql;
      answer(wire::parse_complete());
    }
  }

  void take_bind(const std::string& body) {
    std::size_t at = 0;
    (void)text_at(body, at);  // the portal
    const std::string name = text_at(body, at);
    server_->note("Bind " + name);
    bound_ = prepared_[name];
    answer(wire::bind_complete());
  }

  // In the extended protocol.
  void answer(const std::string& bytes) {
    if (skips_) {
      return;
    }
    skips_ = is_error(bytes);
    send(bytes);
  }

  [[nodiscard]] std::string answer_to(const std::string& sql) const {
    const auto found = server_->answers.find(sql);
    if (found != server_->answers.end()) {
      return found->second;
    }
    if (sql.starts_with("DEALLOCATE")) {
      return wire::no_data() + wire::command_complete("DEALLOCATE");
    }
    return wire::one("1");
  }

  WireServer* server_;
  asio::ip::tcp::socket socket_;
  std::array<char, 4096> chunk_{};
  std::string in_;
  std::string held_;       // while the server is mute
  std::string out_;        // behind what goes out
  std::string going_out_;  // not to be moved while it is written
  std::size_t gone_ = 0;   // of it
  std::size_t sent_ = 0;
  bool writing_ = false;
  bool ends_ = false;     // once all is sent
  bool started_ = false;  // the startup packet has come
  bool skips_ = false;    // up to the next Sync
  std::map<std::string, std::string> prepared_;
  std::string bound_;
  char transaction_ = 'I';  // its status, as ReadyForQuery tells it
};

WireServer::WireServer(asio::io_context& io)
    : login(welcome()),
      io_(io),
      acceptor_(io, asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), 0}) {
  accept();
}

WireServer::~WireServer() {
  for (const std::weak_ptr<Peer>& one : peers_) {
    if (const auto peer = one.lock()) {
      peer->forget_server();
    }
  }
}

void WireServer::accept() {
  acceptor_.async_accept([this](const asio::error_code& error, asio::ip::tcp::socket socket) {
    if (error) {
      return;  // also after the server's end: it touches nothing
    }
    connections_ += 1;
    peer_ = std::make_shared<Peer>(*this, std::move(socket));
    peers_.push_back(peer_);
    if (slams_the_door) {
      peer_->reset();
    } else {
      peer_->read();
    }
    accept();
  });
}

void WireServer::note(std::string what) {
  heard_.push_back(std::move(what));
  const std::string heard = heard_.back();
  when_heard(heard);
}

void WireServer::speak() {
  mute = false;
  if (peer_) {
    peer_->speak();
  }
}

void WireServer::send(const std::string& bytes) {
  peer_->send(bytes);
}

void WireServer::hang_up() {
  peer_->end_when_sent();
}

void WireServer::reset() {
  peer_->reset();
}

std::size_t WireServer::times(const std::string& beginning) const {
  return static_cast<std::size_t>(std::ranges::count_if(heard_, [&](const std::string& one) {
    return one.starts_with(beginning);
  }));
}

std::size_t WireServer::sent() const {
  return peer_ ? peer_->sent() : 0;
}

std::string WireServer::welcome(const std::string& version) {
  return wire::authentication(0) + wire::parameter_status("server_version", version) +
         wire::parameter_status("server_encoding", "UTF8") +
         wire::parameter_status("client_encoding", "UTF8") +
         wire::parameter_status("integer_datetimes", "on") +
         wire::message('K', wire::int32(kProcess) + wire::int32(99)) + wire::ready_for_query();
}

}  // namespace pgrepl::testing
