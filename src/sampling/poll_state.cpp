#include "sampling/poll_state.h"

#include <utility>

namespace pgrepl::sampling {

PollState::PollState(std::chrono::milliseconds tick) : tick_(tick), backoff_(tick, tick * 2) {
}

Instant PollState::next_attempt(Instant now, std::optional<cluster::Role> role) const {
  if (retry_at_) {
    return *retry_at_;
  }
  // Ticks fall on multiples of their length, so that those of all standbys coincide.
  const Instant::duration offset = role == cluster::Role::Primary ? tick_ / 2 : tick_ * 0;
  const auto since_epoch = now.time_since_epoch() - offset;
  return Instant{since_epoch - since_epoch % tick_ + tick_ + offset};
}

void PollState::attempt_began(Instant now) {
  began_ = now;
  retry_at_.reset();
}

void PollState::answered(Instant) {
  began_.reset();
  failure_.reset();
  backoff_.reset();
  answered_before_ = true;
}

void PollState::attempt_ended(Instant now) {
  if (began_) {
    failure_ = failure(now);
    began_.reset();
  }
}

void PollState::failed(cluster::Failure failure, Instant now, double fraction) {
  const bool lasting = pg::is_lasting(failure.reason);
  const auto wait = backoff_.after_failure(fraction);
  began_.reset();
  retry_at_ = now + (lasting ? tick_ * 10 : wait);
  failure_ = std::move(failure);
}

std::optional<cluster::Failure> PollState::failure(Instant now) const {
  if (failure_) {
    return failure_;
  }
  if (answered_before_ && began_ && now - *began_ > tick_) {
    return cluster::Failure{
        pg::FailureReason::Timeout, "connected, but no answer for more than a tick"};
  }
  return std::nullopt;
}

}  // namespace pgrepl::sampling
