// Admission against a model that is slow and easy to see through, over many steps.
#include "http/admission.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <vector>

#include <gtest/gtest.h>

namespace pgrepl::http {
namespace {

using Id = Admission::Id;

// Connections in the order in which they began to wait; those that work stand apart.
class Model {
 public:
  explicit Model(Admission::Bounds bounds) : bounds_(bounds) {}

  Admission::Decision admit(const std::string& address, Id id) {
    Admission::Decision decision;
    if (count_of(address) >= bounds_.of_address) {
      decision.reason = Refusal::Address;
      decision.victim = first_waiting([&](Id each) { return addresses_.at(each) == address; });
    } else if (addresses_.size() >= bounds_.in_all) {
      decision.reason = Refusal::Connections;
      const std::string busiest = busiest_address();
      decision.victim = first_waiting([&](Id each) { return addresses_.at(each) == busiest; });
    }
    if (decision.reason && !decision.victim) {
      return decision;
    }
    if (decision.victim) {
      leave(*decision.victim);
    }
    addresses_[id] = address;
    waiting_.push_back(id);
    decision.admitted = id;
    return decision;
  }

  void waits(Id id) {
    if (addresses_.contains(id)) {
      std::erase(waiting_, id);
      waiting_.push_back(id);
    }
  }

  void works(Id id) { std::erase(waiting_, id); }

  void leave(Id id) {
    std::erase(waiting_, id);
    addresses_.erase(id);
    held_.erase(id);
  }

  std::vector<Id> hold(Id id, std::size_t bytes) {
    std::vector<Id> victims;
    if (!addresses_.contains(id)) {
      return victims;
    }
    held_[id] = bytes;
    for (const Id each : std::vector<Id>{waiting_}) {
      if (sum_held() > bounds_.unread_bytes && each != id && held_[each] > 0) {
        victims.push_back(each);
        leave(each);
      }
    }
    return victims;
  }

  std::optional<Id> evict() {
    const auto victim = first_waiting([](Id) { return true; });
    if (victim) {
      leave(*victim);
    }
    return victim;
  }

  [[nodiscard]] std::size_t size() const { return addresses_.size(); }

  [[nodiscard]] std::size_t count_of(const std::string& address) const {
    return static_cast<std::size_t>(std::ranges::count_if(addresses_, [&](const auto& each) {
      return each.second == address;
    }));
  }

 private:
  template <class Predicate>
  [[nodiscard]] std::optional<Id> first_waiting(Predicate is_meant) const {
    const auto found = std::ranges::find_if(waiting_, is_meant);
    return found == waiting_.end() ? std::nullopt : std::optional{*found};
  }

  // Of those that have somebody waiting; the first in the alphabet of equals.
  [[nodiscard]] std::string busiest_address() const {
    std::string busiest;
    std::size_t most = 0;
    for (const std::string address : {"a", "b", "c", "d"}) {
      const bool waits =
          std::ranges::any_of(waiting_, [&](Id each) { return addresses_.at(each) == address; });
      if (waits && count_of(address) > most) {
        most = count_of(address);
        busiest = address;
      }
    }
    return busiest;
  }

  [[nodiscard]] std::size_t sum_held() const {
    std::size_t sum = 0;
    for (const auto& [id, bytes] : held_) {
      sum += bytes;
    }
    return sum;
  }

  Admission::Bounds bounds_;
  std::map<Id, std::string> addresses_;
  std::map<Id, std::size_t> held_;
  std::vector<Id> waiting_;
};

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::size_t below(std::size_t bound) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state_ >> 33U) % bound;
  }

 private:
  std::uint64_t state_;
};

TEST(AdmissionModel, DecidesAlikeOverAnyRowOfSteps) {
  constexpr Admission::Bounds kBounds{.in_all = 6, .of_address = 3, .unread_bytes = 100};
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Random random{seed};
    Admission admission{kBounds};
    Model model{kBounds};
    Id last = 0;
    for (int step = 0; step < 500; ++step) {
      const Id id = 1 + random.below(last + 1);  // one may be unknown
      const std::size_t bytes = random.below(3) * 40;
      switch (random.below(6)) {
        case 0: {
          const std::string address(1, static_cast<char>('a' + random.below(4)));
          const auto decision = admission.admit(address);
          const auto expected = model.admit(address, last + 1);
          last = decision.admitted.value_or(last);
          ASSERT_EQ(decision.admitted, expected.admitted) << seed << ' ' << step;
          ASSERT_EQ(decision.victim, expected.victim) << seed << ' ' << step;
          ASSERT_EQ(decision.reason, expected.reason) << seed << ' ' << step;
          ASSERT_LE(model.count_of(address), kBounds.of_address);
          break;
        }
        case 1:
          admission.waits(id);
          model.waits(id);
          break;
        case 2:
          admission.works(id);
          model.works(id);
          break;
        case 3:
          admission.leave(id);
          model.leave(id);
          break;
        case 4:
          ASSERT_EQ(admission.hold(id, bytes), model.hold(id, bytes)) << seed << ' ' << step;
          break;
        default:
          if (random.below(10) == 0) {
            ASSERT_EQ(admission.evict(), model.evict()) << seed << ' ' << step;
          }
          break;
      }
      ASSERT_EQ(admission.size(), model.size()) << seed << ' ' << step;
      ASSERT_LE(admission.size(), kBounds.in_all);
    }
  }
}

TEST(AdmissionModel, NobodyIsLetInWhereNobodyMayBe) {
  Admission none{{.in_all = 0, .of_address = 1, .unread_bytes = 0}};
  EXPECT_FALSE(none.admit("a").admitted);
  EXPECT_EQ(none.admit("a").reason, Refusal::Connections);
  EXPECT_EQ(none.size(), 0U);
  EXPECT_FALSE(none.evict());
}

}  // namespace
}  // namespace pgrepl::http
