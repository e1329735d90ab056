#include "exposition/exposition.h"

#include <cstddef>

namespace pgrepl::metrics {

namespace {

using prometheus::MetricType;

constexpr std::string_view kHelp = "# HELP ";
constexpr std::string_view kType = "# TYPE ";

void append_head(std::string& out, const Family& family) {
  if (!family.help.empty()) {
    out.append(kHelp).append(family.name).append(" ").append(family.help).append("\n");
  }
  out.append(kType).append(family.name).append(" ").append(text_of(family.type)).append("\n");
}

}  // namespace

std::string_view text_of(MetricType type) {
  switch (type) {
    case MetricType::Counter:
      return "counter";
    case MetricType::Gauge:
      return "gauge";
    case MetricType::Histogram:
      return "histogram";
    case MetricType::Summary:
    case MetricType::Untyped:
      break;
  }
  return "untyped";
}

std::string render(const std::vector<Family>& families) {
  constexpr std::size_t kLongestType = 16;
  std::size_t size = 0;
  for (const Family& family : families) {
    size += kHelp.size() + kType.size() + 2 * family.name.size() + family.help.size() +
            kLongestType + family.lines.size();
  }
  std::string text;
  text.reserve(size);
  for (const Family& family : families) {
    append_head(text, family);
    text += family.lines;
  }
  return text;
}

}  // namespace pgrepl::metrics
