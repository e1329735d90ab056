#include "fetch/fetch.h"

#include "fetch/response.h"
#include "fetch/tls.h"
#include "files/read.h"
#include "loop/finish_by.h"

#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/redirect_error.hpp>
#include <asio/ssl/error.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <openssl/evp.h>

namespace pgrepl::fetch {

namespace {

using Tcp = asio::ip::tcp;
using Text = Expected<std::string, std::string>;

std::string base64(const std::string& text) {
  std::vector<unsigned char> encoded((text.size() + 2) / 3 * 4 + 1);
  const int size = EVP_EncodeBlock(
      encoded.data(),
      reinterpret_cast<const unsigned char*>(text.data()),
      static_cast<int>(text.size())
  );
  return {encoded.begin(), encoded.begin() + size};
}

Text read_password(const config::RestAccess& access) {
  if (!access.password_file) {
    return access.password ? access.password->reveal() : std::string{};
  }
  auto password = files::read_password(*access.password_file);
  if (!password) {
    return Unexpected{"the password file " + *access.password_file + ' ' + password.error()};
  }
  return password;
}

Text make_request(const config::Url& url, const config::RestAccess& access) {
  std::string text = "GET " + (url.path.empty() ? "/" : url.path) +
                     " HTTP/1.1\r\nHost: " + to_string(pg::Endpoint{url.host, url.port}) +
                     "\r\nUser-Agent: pg_replication_exporter\r\nAccept: application/json"
                     "\r\nConnection: close\r\n";
  if (!access.user.empty()) {
    const auto password = read_password(access);
    if (!password) {
      return password;
    }
    text += "Authorization: Basic " + base64(access.user + ':' + *password) + "\r\n";
  }
  return text + "\r\n";
}

std::vector<Tcp::endpoint> endpoints(
    const std::vector<std::string>& addresses, std::uint16_t port
) {
  std::vector<Tcp::endpoint> all;
  for (const std::string& address : addresses) {
    asio::error_code problem;
    const auto parsed = asio::ip::make_address(address, problem);
    if (!problem) {
      all.emplace_back(parsed, port);
    }
  }
  return all;
}

struct Conversation {
  config::Url url;
  config::RestAccess access;
  ResponseReader answer;
  std::vector<Tcp::endpoint> endpoints{};
  std::string request{};
  std::optional<std::string> failure{};

  // Whether the conversation goes on.
  bool note(std::string_view what, const asio::error_code& problem) {
    if (problem) {
      failure = std::string{what} + problem.message();
    }
    return !problem;
  }
};

// Many servers end TLS without its farewell. Where that cuts an answer, its length shows it.
bool is_end(const asio::error_code& problem) {
  return problem == asio::error::eof || problem == asio::ssl::error::stream_truncated;
}

template <class Stream>
asio::awaitable<void> exchange(Stream& stream, Conversation& talk, std::string_view layer) {
  asio::error_code problem;
  const auto written = asio::buffer(talk.request);
  co_await asio::async_write(stream, written, asio::redirect_error(asio::use_awaitable, problem));
  if (!talk.note(layer, problem)) {
    co_return;
  }
  std::array<char, 16384> bytes;
  const auto into = asio::buffer(bytes);
  bool wants_more = true;
  while (wants_more) {
    const std::size_t size =
        co_await stream.async_read_some(into, asio::redirect_error(asio::use_awaitable, problem));
    wants_more = talk.answer.take(std::string_view{bytes.data(), size});
    if (wants_more && is_end(problem)) {
      talk.answer.close();
      co_return;
    }
    if (wants_more && !talk.note(layer, problem)) {
      co_return;
    }
  }
}

asio::awaitable<void> converse_over_tls(Tcp::socket& socket, Conversation& talk) {
  asio::ssl::context tls{asio::ssl::context::tls_client};
  talk.failure = configure_tls(tls, talk.access, talk.url.host);
  if (talk.failure) {
    co_return;
  }
  asio::ssl::stream<Tcp::socket&> stream{socket, tls};
  name_server(stream.native_handle(), talk.url.host);
  asio::error_code problem;
  co_await stream.async_handshake(
      asio::ssl::stream_base::client, asio::redirect_error(asio::use_awaitable, problem)
  );
  if (talk.note("TLS: ", problem)) {
    co_await exchange(stream, talk, "TLS: ");
  }
}

asio::awaitable<void> converse(asio::io_context& io, Conversation& talk) {
  Tcp::socket socket{io};
  asio::error_code problem;
  co_await asio::async_connect(
      socket, talk.endpoints, asio::redirect_error(asio::use_awaitable, problem)
  );
  if (!talk.note("cannot connect: ", problem)) {
    co_return;
  }
  if (talk.url.tls) {
    co_await converse_over_tls(socket, talk);
  } else {
    co_await exchange(socket, talk, "the connection broke: ");
  }
}

Text take_answer(Conversation& talk) {
  if (talk.failure) {
    return Unexpected{*talk.failure};
  }
  auto answer = talk.answer.result();
  if (!answer) {
    return Unexpected{answer.error()};
  }
  if (answer->status != 200) {
    return Unexpected{"status " + std::to_string(answer->status)};
  }
  return std::move(answer->body);
}

// Sets what is to be said, and to whom; the failure when that cannot be known.
void prepare(Conversation& talk, const Expected<std::vector<std::string>, std::string>& addresses) {
  auto request = make_request(talk.url, talk.access);
  if (!addresses) {
    talk.failure = addresses.error();
  } else if (!request) {
    talk.failure = request.error();
  } else {
    talk.endpoints = endpoints(*addresses, talk.url.port);
    talk.request = std::move(*request);
  }
}

}  // namespace

asio::awaitable<Text> HttpClient::get(
    config::Url url, config::RestAccess access, loop::Instant deadline
) {
  std::string host = url.host;
  const auto addresses = co_await network_.resolve(std::move(host), deadline);
  Conversation talk{
      .url = std::move(url),
      .access = std::move(access),
      .answer = ResponseReader{largest_answer_}};
  prepare(talk, addresses);
  if (!talk.failure) {
    loop::Alarm alarm{loop_};
    auto work = converse(loop_.io, talk);
    const bool in_time = co_await loop::finish_by(alarm, std::move(work), deadline);
    if (!in_time) {
      talk.failure = "no answer in time";
    }
  }
  co_return take_answer(talk);
}

}  // namespace pgrepl::fetch
