// A queue in which every owner has its turn: first in, first out for each owner, one after the
// other among them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>

namespace pgrepl::http {

template <class Value>
class FairQueue {
 public:
  void push(const std::string& owner, Value value) {
    const auto line = std::ranges::find(lines_, owner, &Line::owner);
    if (line != lines_.end()) {
      line->values.push_back(std::move(value));
      return;
    }
    lines_.push_back({owner, {}});
    lines_.back().values.push_back(std::move(value));
  }

  // The next; absent when nobody waits.
  [[nodiscard]] std::optional<Value> pop() {
    if (lines_.empty()) {
      return std::nullopt;
    }
    Line line = std::move(lines_.front());
    lines_.pop_front();
    Value value = std::move(line.values.front());
    line.values.pop_front();
    if (!line.values.empty()) {
      lines_.push_back(std::move(line));
    }
    return value;
  }

  [[nodiscard]] std::size_t size_of(const std::string& owner) const {
    const auto line = std::ranges::find(lines_, owner, &Line::owner);
    return line == lines_.end() ? 0 : line->values.size();
  }

 private:
  struct Line {
    std::string owner;
    std::deque<Value> values;  // never empty
  };

  std::deque<Line> lines_;  // whose turn is next first
};

}  // namespace pgrepl::http
