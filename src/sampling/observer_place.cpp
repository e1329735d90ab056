#include "sampling/observer_place.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace pgrepl::sampling {

namespace {

// In ticks.
constexpr int kVisitEvery = 10;
constexpr int kSettledAfter = 5;

// FNV-1a: the same on every machine, as std::hash need not be.
std::int32_t key_of(const std::string& cluster) {
  std::uint32_t hash = 2166136261U;
  for (const char c : "pg_replication_exporter " + cluster) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  }
  return static_cast<std::int32_t>(hash);
}

}  // namespace

ObserverPlace::ObserverPlace(
    std::optional<std::string> cluster, int observers, std::chrono::milliseconds tick
)
    : limited_(cluster.has_value() && observers > 0), observers_(observers), tick_(tick) {
  if (limited_) {
    key_ = key_of(*cluster);
  } else {
    place_ = Place::Observer;
  }
}

bool ObserverPlace::is_settled(Instant now) const {
  return place_ != Place::Unknown && now - since_ >= tick_ * kSettledAfter;
}

bool ObserverPlace::must_step_down() const {
  return limited_ && wanted_ && *wanted_ != Place::Unknown && place_ > *wanted_;
}

bool ObserverPlace::rests(Instant now) const {
  if (place_ != Place::Waiting) {
    return false;
  }
  const bool cannot_have_more = over_pooler_ && wanted_ == Place::Understudy;
  const bool should_have_more = wanted_ && place_ < *wanted_ && !cannot_have_more;
  return !should_have_more && now < next_visit_;
}

std::string ObserverPlace::lock(const char* function, int number) const {
  return std::string{"pg_catalog."} + function + "(" + std::to_string(key_) + ", " +
         std::to_string(number) + ")";
}

std::string ObserverPlace::claim_sql() const {
  const bool may_observe = !wanted_ || *wanted_ == Place::Observer || *wanted_ == Place::Unknown;
  const bool may_wait_in_line = wanted_ != Place::Waiting && place_ != Place::Understudy;
  std::string cases;
  const auto add = [&](int number) {
    const std::string text = std::to_string(number);
    cases += " WHEN " + lock("pg_try_advisory_lock", number) + " THEN " + text;
  };
  for (int number = 0; may_observe && number < observers_; ++number) {
    add(number);
  }
  if (may_wait_in_line) {
    add(observers_);
  }
  return cases.empty() ? "SELECT -1 AS place" : "SELECT CASE" + cases + " ELSE -1 END AS place";
}

std::string ObserverPlace::release_sql() const {
  return "SELECT " + lock("pg_advisory_unlock", observers_) + " AS released";
}

void ObserverPlace::given(std::optional<int> number, Instant now, double fraction) {
  const Place before = place_;
  over_pooler_ = false;
  if (!number || (*number >= 0 && *number < observers_)) {
    place_ = Place::Observer;  // a server that hands out no places is better read than not
  } else if (*number == observers_ || place_ == Place::Understudy) {
    place_ = Place::Understudy;
  } else {
    place_ = Place::Waiting;
    next_visit_ =
        now +
        std::chrono::duration_cast<Instant::duration>(tick_ * kVisitEvery * (0.75 + fraction / 2));
  }
  const bool waits_on = place_ == Place::Waiting && lost_ == Place::Waiting;
  if (place_ != before && !waits_on) {
    since_ = now;
  }
}

void ObserverPlace::not_handed_out(Instant now, double fraction) {
  const bool left_to_others = wanted_ == Place::Waiting || wanted_ == Place::Understudy;
  given(left_to_others ? std::optional{-1} : std::nullopt, now, fraction);
  over_pooler_ = true;
}

void ObserverPlace::lost() {
  if (limited_) {
    lost_ = place_ == Place::Unknown ? lost_ : place_;
    place_ = Place::Unknown;
  }
}

std::vector<std::optional<Place>> wanted_places(std::span<const PlaceAt> places) {
  const PlaceAt* gate = nullptr;
  const auto rank = [](const PlaceAt& at) { return std::tuple{!at.settled, at.server}; };
  for (const PlaceAt& at : places) {
    if (at.place != Place::Unknown && (gate == nullptr || rank(at) < rank(*gate))) {
      gate = &at;
    }
  }
  std::vector<std::optional<Place>> wanted;
  for (const PlaceAt& at : places) {
    const bool decides = gate == nullptr || &at == gate;
    wanted.push_back(decides ? std::nullopt : std::optional{gate->place});
  }
  return wanted;
}

}  // namespace pgrepl::sampling
