#include "fetch/fetch.h"

#include "fetch/get.h"
#include "loop/finish_by.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include <asio/buffer.hpp>
#include <asio/connect.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/redirect_error.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/error.hpp>
#include <asio/ssl/host_name_verification.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <openssl/evp.h>

namespace pgrepl::fetch {

namespace {

using Tcp = asio::ip::tcp;
using Text = Expected<std::string, std::string>;

constexpr std::size_t kLargestAnswer = 4U << 20U;

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
  std::ifstream file{*access.password_file};
  std::string text{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
  if (!file) {
    return Unexpected{"cannot read the password file " + *access.password_file};
  }
  text.erase(text.find_last_not_of("\r\n") + 1);
  return text;
}

// HTTP/1.0, so that the answer is not chunked and ends with the connection.
Text make_request(const config::Url& url, const config::RestAccess& access) {
  std::string text = "GET " + url.path +
                     " HTTP/1.0\r\nHost: " + to_string(pg::Endpoint{url.host, url.port}) +
                     "\r\nAccept: application/json\r\nConnection: close\r\n";
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

// Absent when all is well.
std::optional<std::string> configure_tls(
    asio::ssl::context& tls, const config::RestAccess& access, const std::string& host
) {
  asio::error_code problem;
  if (access.ca_file.empty()) {
    tls.set_default_verify_paths(problem);
  } else {
    tls.load_verify_file(access.ca_file, problem);
  }
  if (!problem && !access.cert_file.empty()) {
    tls.use_certificate_chain_file(access.cert_file, problem);
  }
  if (!problem && !access.key_file.empty()) {
    tls.use_private_key_file(access.key_file, asio::ssl::context::pem, problem);
  }
  tls.set_verify_mode(access.checks_server ? asio::ssl::verify_peer : asio::ssl::verify_none);
  tls.set_verify_callback(asio::ssl::host_name_verification(host));
  return problem ? std::optional{"TLS: " + problem.message()} : std::nullopt;
}

// Tells the server which of its names we want; an address is none (RFC 6066, 3).
void name_server(SSL* connection, std::string host) {
  asio::error_code not_an_address;
  (void)asio::ip::make_address(host, not_an_address);
  if (not_an_address) {
    // SSL_set_tlsext_host_name() without its old-style cast.
    SSL_ctrl(connection, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, host.data());
  }
}

// What was wrong stays in `problem`.
template <class Stream>
asio::awaitable<void> exchange(
    Stream& stream, const std::string& request, std::string& answer, asio::error_code& problem
) {
  const auto written = asio::buffer(request);
  co_await asio::async_write(stream, written, asio::redirect_error(asio::use_awaitable, problem));
  if (problem) {
    co_return;
  }
  auto into = asio::dynamic_buffer(answer, kLargestAnswer);
  co_await asio::async_read(stream, into, asio::redirect_error(asio::use_awaitable, problem));
  // Many servers end TLS without its farewell; a cut answer is recognised by its length.
  if (problem == asio::error::eof || problem == asio::ssl::error::stream_truncated) {
    problem.clear();
  }
}

struct Conversation {
  config::Url url;
  config::RestAccess access;
  std::vector<Tcp::endpoint> endpoints;
  std::string request;
  std::string answer;
  std::optional<std::string> failure;
};

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
  if (!problem) {
    co_await exchange(stream, talk.request, talk.answer, problem);
  }
  if (problem) {
    talk.failure = "TLS: " + problem.message();
  }
}

asio::awaitable<void> converse(asio::io_context& io, Conversation& talk) {
  Tcp::socket socket{io};
  asio::error_code problem;
  co_await asio::async_connect(
      socket, talk.endpoints, asio::redirect_error(asio::use_awaitable, problem)
  );
  if (!problem && talk.url.tls) {
    co_await converse_over_tls(socket, talk);
  } else if (!problem) {
    co_await exchange(socket, talk.request, talk.answer, problem);
  }
  if (problem) {
    talk.failure = problem.message();
  }
}

Text take_answer(const Conversation& talk) {
  if (talk.failure) {
    return Unexpected{*talk.failure};
  }
  auto answer = http::parse_answer(talk.answer);
  if (!answer) {
    return Unexpected{answer.error()};
  }
  if (answer->status != 200) {
    return Unexpected{"status " + std::to_string(answer->status)};
  }
  return std::move(answer->body);
}

// What is to be said to whom; the failure is set when that cannot be known.
Conversation prepare(
    const config::Url& url,
    const config::RestAccess& access,
    const Expected<std::vector<std::string>, std::string>& addresses
) {
  Conversation talk{.url = url, .access = access};
  auto request = make_request(url, access);
  if (!addresses) {
    talk.failure = addresses.error();
  } else if (!request) {
    talk.failure = request.error();
  } else {
    talk.endpoints = endpoints(*addresses, url.port);
    talk.request = std::move(*request);
  }
  return talk;
}

}  // namespace

asio::awaitable<Text> HttpClient::get(
    config::Url url, config::RestAccess access, loop::Instant deadline
) {
  std::string host = url.host;
  auto addresses = co_await network_.resolve(std::move(host), deadline);
  Conversation talk = prepare(url, access, addresses);
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
