#include "http/conversation.h"

#include "http/message.h"
#include "http/response_head.h"
#include "http/target.h"
#include "http/web_settings.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include <asio/buffer.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>

namespace pgrepl::http {

namespace {

using namespace std::chrono_literals;

constexpr auto kForFarewell = 1s;
// Head and body of a short answer go in one packet.
constexpr std::size_t kShort = 16384;
// What is written at once, so that each piece that a client takes shows as a step.
constexpr std::size_t kPiece = 65536;

Response plain(int status, std::string_view text) {
  return {.status = status, .body = std::string{text} + "\n", .headers = {}};
}

LaneKind lane_of(const RequestHead& head) {
  const std::string path = path_of(head.target);
  if (path == "/-/healthy" || path == "/-/ready") {
    return LaneKind::Health;
  }
  return path == "/probe" ? LaneKind::Probe : LaneKind::Other;
}

}  // namespace

asio::awaitable<void> Conversation::run() {
  Session& session = *session_;
  session.allow(door_.limits.handshake, Refusal::Deadline);
  const bool is_open = co_await session.channel->shake_hands();
  if (!is_open) {
    if (!session.was_closed) {
      door_.refusals.count(Refusal::Handshake);
    }
    session.close();
    co_return;
  }
  session.allow(door_.limits.head, Refusal::Deadline);
  bool goes_on = true;
  while (goes_on && !door_.is_closing) {
    goes_on = co_await serve_one();
    if (goes_on) {
      session.allow(door_.limits.idle, std::nullopt);
    }
  }
  session.allow(kForFarewell, std::nullopt);
  co_await session.channel->say_farewell();
  session.close();
}

asio::awaitable<bool> Conversation::serve_one() {
  const auto head = co_await read_head();
  if (!head) {
    co_return false;
  }
  const bool is_whole = co_await read_body(*head);
  if (!is_whole) {
    co_return false;
  }
  Session& session = *session_;
  session.is_answering = true;
  session.deadline = Session::Instant::max();
  session.admission.works(session.id);
  auto answer = co_await ask(*head);
  const bool stays_open = head->stays_open && !door_.is_closing && answer.status < 500;
  const bool was_taken = co_await send(std::move(answer), stays_open);
  session.is_answering = false;
  co_return was_taken&& stays_open;
}

asio::awaitable<std::optional<RequestHead>> Conversation::read_head() {
  Session& session = *session_;
  bool has_begun = false;
  while (true) {
    if (!session.bytes.empty()) {
      auto parsed = parse_request_head(session.bytes, door_.limits.request);
      if (!parsed) {
        door_.refusals.count(Refusal::Malformed);
        auto answer = plain(parsed.error().status, parsed.error().text);
        co_await refuse(std::move(answer));
        co_return std::nullopt;
      }
      if (*parsed) {
        session.bytes.erase(0, (*parsed)->size);
        co_return std::move(*parsed);
      }
      if (!has_begun) {
        session.allow(door_.limits.head, Refusal::Deadline);
        has_begun = true;
      }
    }
    const bool came = co_await read_more();
    if (!came) {
      co_return std::nullopt;
    }
  }
}

// The body is read and thrown away: nothing that is asked here has one.
asio::awaitable<bool> Conversation::read_body(const RequestHead& head) {
  Session& session = *session_;
  session.allow(door_.limits.body, Refusal::Deadline);
  if (head.awaits_continue && session.bytes.size() < head.body_size) {
    const auto last = std::chrono::steady_clock::now() + door_.limits.answer;
    const bool was_taken = co_await write_all("HTTP/1.1 100 Continue\r\n\r\n", last);
    if (!was_taken) {
      co_return false;
    }
    session.allow(door_.limits.body, Refusal::Deadline);
  }
  while (session.bytes.size() < head.body_size) {
    const bool came = co_await read_more();
    if (!came) {
      co_return false;
    }
  }
  session.bytes.erase(0, head.body_size);
  co_return true;
}

asio::awaitable<bool> Conversation::read_more() {
  std::array<char, 4096> room{};
  const auto buffer = asio::buffer(room);
  const std::size_t count = co_await session_->channel->read_some(buffer);
  session_->bytes.append(room.data(), count);
  co_return count > 0;
}

asio::awaitable<Answer> Conversation::ask(const RequestHead& head) {
  const std::string_view login = head.header("authorization");
  Answer answer;
  if (door_.settings != nullptr && !login.empty() && door_.settings->must_check(login)) {
    answer = co_await check_login(head);
  }
  const bool is_checked = answer.status == 0 || answer.status == 200;
  if (is_checked) {
    answer = co_await submit(head, lane_of(head));
  }
  if (answer.status == 401 && !login.empty()) {
    door_.refusals.count(Refusal::Password);
  }
  co_return answer;
}

asio::awaitable<Answer> Conversation::check_login(const RequestHead& head) {
  if (door_.lanes.waiting(LaneKind::Login, session_->address) >= door_.limits.logins_of_address) {
    door_.refusals.count(Refusal::Logins);
    Response busy = plain(429, "Too many logins wait to be checked.");
    busy.headers.emplace_back("Retry-After", "1");
    co_return to_answer(std::move(busy), &head);
  }
  RequestHead question = head;
  question.headers.emplace_back(kLoginOnly, "1");
  auto verdict = co_await submit(question, LaneKind::Login);
  co_return verdict;
}

asio::awaitable<Answer> Conversation::submit(const RequestHead& head, LaneKind kind) {
  auto job = std::make_shared<Job>(door_.io, kind);
  job->owner = session_->address;
  job->request = to_text(head);
  job->has_body = head.method != "HEAD";
  door_.lanes.submit(job);
  asio::error_code ignored;
  auto token = asio::redirect_error(asio::use_awaitable, ignored);
  while (!job->is_done) {
    co_await job->done.async_wait(token);
  }
  if (!job->answer) {
    co_return to_answer(plain(504, "The exporter did not answer in time."), &head);
  }
  co_return std::move(*job->answer);
}

asio::awaitable<void> Conversation::refuse(Response response) {
  session_->is_answering = true;
  auto answer = to_answer(std::move(response), nullptr);
  co_await send(std::move(answer), false);
  session_->is_answering = false;
}

asio::awaitable<bool> Conversation::send(Answer answer, bool stays_open) {
  Session& session = *session_;
  for (const Admission::Id victim : session.admission.hold(session.id, answer.body.size())) {
    door_.refusals.count(Refusal::SlowReader);
    door_.close(victim);
  }
  std::string head = std::move(answer.head);
  head += stays_open ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  std::string body = std::move(answer.body);
  if (body.size() <= kShort) {
    head += std::exchange(body, {});
  }
  const auto last = std::chrono::steady_clock::now() + door_.limits.answer;
  bool was_taken = co_await write_all(head, last);
  if (was_taken && !body.empty()) {
    was_taken = co_await write_all(body, last);
  }
  (void)session.admission.hold(session.id, 0);
  co_return was_taken;
}

asio::awaitable<bool> Conversation::write_all(std::string_view bytes, Session::Instant last) {
  Session& session = *session_;
  while (!bytes.empty()) {
    session.admission.waits(session.id);
    session.allow(door_.limits.stall, Refusal::SlowReader);
    session.deadline = std::min(session.deadline, last);
    const auto piece = asio::buffer(bytes.data(), std::min(bytes.size(), kPiece));
    const std::size_t count = co_await session.channel->write_some(piece);
    if (count == 0) {
      co_return false;
    }
    bytes.remove_prefix(count);
  }
  co_return true;
}

Answer Conversation::to_answer(Response response, const RequestHead* to) const {
  if (door_.settings != nullptr) {
    door_.settings->add_headers(response);
  }
  Answer answer{.status = response.status, .head = {}, .body = {}};
  answer.head = response_head(response, std::chrono::system_clock::now());
  if (to == nullptr || to->method != "HEAD") {
    answer.body = std::move(response.body);
  }
  return answer;
}

}  // namespace pgrepl::http
