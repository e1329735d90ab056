#include "support/exposition.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <utility>

namespace pgrepl::testing {

namespace {

// Reads one line from left to right.
class Line {
 public:
  explicit Line(std::string_view text) : text_(text) {}

  Series read() {
    Series series{.name = until("{ "), .labels = {}, .value = 0};
    if (take('{')) {
      while (!take('}')) {
        auto label = until("=");
        expect('=');
        series.labels[std::move(label)] = quoted_text();
        (void)take(',');
      }
    }
    expect(' ');
    const std::string number{text_.substr(at_)};
    char* end = nullptr;
    series.value = std::strtod(number.c_str(), &end);
    if (end == number.c_str()) {
      fail();
    }
    return series;
  }

 private:
  std::string until(std::string_view stops) {
    const auto end = text_.find_first_of(stops, at_);
    if (end == std::string_view::npos || end == at_) {
      fail();
    }
    const auto begin = std::exchange(at_, end);
    return std::string{text_.substr(begin, end - begin)};
  }

  bool take(char c) {
    const bool found = at_ < text_.size() && text_[at_] == c;
    at_ += found ? 1U : 0U;
    return found;
  }

  void expect(char c) {
    if (!take(c)) {
      fail();
    }
  }

  std::string quoted_text() {
    expect('"');
    std::string value;
    while (!take('"')) {
      const bool escaped = take('\\');
      if (at_ >= text_.size()) {
        fail();
      }
      const char c = text_[at_++];
      value += escaped && c == 'n' ? '\n' : c;
    }
    return value;
  }

  [[noreturn]] void fail() const { throw std::runtime_error("no sample: " + std::string{text_}); }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool has_labels(const Series& series, const Labels& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&series](const auto& label) {
    const auto found = series.labels.find(label.first);
    return found != series.labels.end() && found->second == label.second;
  });
}

}  // namespace

std::vector<Series> parse_exposition(std::string_view page) {
  std::vector<Series> result;
  while (!page.empty()) {
    const auto end = std::min(page.find('\n'), page.size());
    const auto line = page.substr(0, end);
    page.remove_prefix(std::min(end + 1, page.size()));
    if (!line.empty() && line.front() != '#') {
      result.push_back(Line{line}.read());
    }
  }
  return result;
}

std::optional<double> find_value(
    const std::vector<Series>& series, std::string_view name, const Labels& labels
) {
  std::optional<double> value;
  for (const auto& one : series) {
    if (one.name != name || !has_labels(one, labels)) {
      continue;
    }
    if (value) {
      throw std::runtime_error("several series match " + one.name);
    }
    value = one.value;
  }
  return value;
}

}  // namespace pgrepl::testing
