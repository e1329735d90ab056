// How much the HTTP server takes from its clients, and how long it waits for them.
#pragma once

#include "http/request_head.h"

#include <chrono>
#include <cstddef>

namespace pgrepl::http {

struct Limits {
  std::size_t connections = 512;             // open at once
  std::size_t connections_of_address = 256;  // of one client address
  std::size_t unread_bytes = 64UL << 20U;    // of answers that clients have not read yet
  std::size_t logins_of_address = 8;         // that wait for their password to be checked
  HeadLimits request{};
  std::chrono::milliseconds sweep{200};  // how exactly deadlines are kept
  std::chrono::milliseconds handshake{5000};
  std::chrono::milliseconds head{5000};  // from the connection, or from the first byte
  std::chrono::milliseconds body{5000};
  std::chrono::milliseconds idle{120'000};   // between two requests of one connection
  std::chrono::milliseconds stall{5000};     // an answer of which nothing is read
  std::chrono::milliseconds answer{30'000};  // an answer as a whole, from its first byte on
  // The longest a handler may take: a scraper waits a minute at most (endpoints/endpoints.h).
  std::chrono::milliseconds handler{90'000};
};

}  // namespace pgrepl::http
