// One client at the door.
#pragma once

#include "http/admission.h"
#include "http/channel.h"
#include "http/refusals.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace pgrepl::http {

struct Session {
  using Instant = std::chrono::steady_clock::time_point;

  Session(Admission& admission_of_all, Admission::Id its_id)
      : admission(admission_of_all), id(its_id) {}

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  ~Session() { admission.leave(id); }

  // At any time: what is under way fails.
  void close() {
    was_closed = true;
    deadline = Instant::max();
    channel->close();
  }

  // What comes next must be over in time; else the connection is closed, and that is counted.
  void allow(std::chrono::milliseconds time, std::optional<Refusal> reason) {
    deadline = std::chrono::steady_clock::now() + time;
    when_late = reason;
  }

  Admission& admission;
  Admission::Id id;
  std::string address;  // as bounded_address() has it
  std::unique_ptr<Channel> channel;
  std::string bytes;  // that have come and are not dealt with
  Instant deadline = Instant::max();
  std::optional<Refusal> when_late;
  bool was_closed = false;    // by us: what fails then is not the client's doing
  bool is_answering = false;  // from the complete request until its answer is out
};

}  // namespace pgrepl::http
