// The talk with one client: its requests, one after the other, and their answers.
#pragma once

#include "http/admission.h"
#include "http/lanes.h"
#include "http/limits.h"
#include "http/refusals.h"
#include "http/request_head.h"
#include "http/session.h"

#include <functional>
#include <memory>
#include <optional>

#include <asio/awaitable.hpp>
#include <asio/io_context.hpp>

namespace pgrepl::http {

struct Response;
class WebSettings;

// What all conversations share. All of it outlives them.
struct Door {
  asio::io_context& io;
  const Limits& limits;
  Admission& admission;
  Lanes& lanes;
  Refusals& refusals;
  WebSettings* settings = nullptr;           // null without a web configuration file
  std::function<void(Admission::Id)> close;  // closes somebody's connection
  bool is_closing = false;                   // no request is read any more
};

class Conversation {
 public:
  Conversation(Door& door, std::shared_ptr<Session> session)
      : door_(door), session_(std::move(session)) {}

  // Until the client or its deadline ends it. The connection is closed then.
  asio::awaitable<void> run();

 private:
  // Whether the connection stays open.
  asio::awaitable<bool> serve_one();
  // Absent after a mistake, which has been answered, and when the client has gone.
  asio::awaitable<std::optional<RequestHead>> read_head();
  asio::awaitable<bool> read_body(const RequestHead& head);
  asio::awaitable<bool> read_more();
  // The answer of the program. A login that takes as long as bcrypt does is checked first, on a
  // lane of its own, which is free again before the request itself is answered.
  asio::awaitable<Answer> ask(const RequestHead& head);
  // Status 200 for a right login; else what the client is answered.
  asio::awaitable<Answer> check_login(const RequestHead& head);
  // What comes back over a lane of this kind.
  asio::awaitable<Answer> submit(const RequestHead& head, LaneKind kind);
  // An answer of ours, after which the connection is closed.
  asio::awaitable<void> refuse(Response response);
  // Whether the client took all of it.
  asio::awaitable<bool> send(Answer answer, bool stays_open);
  asio::awaitable<bool> write_all(std::string_view bytes, Session::Instant last);

  // `to` is null for what is no request.
  [[nodiscard]] Answer to_answer(Response response, const RequestHead* to) const;

  Door& door_;
  std::shared_ptr<Session> session_;
};

}  // namespace pgrepl::http
