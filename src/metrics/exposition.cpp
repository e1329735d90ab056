#include "metrics/exposition.h"

#include <sstream>
#include <utility>

#include <prometheus/text_serializer.h>

namespace pgrepl::metrics {

std::string render(const std::vector<prometheus::MetricFamily>& families) {
  std::ostringstream out;
  prometheus::TextSerializer{}.Serialize(out, families);
  std::string text = std::move(out).str();
  // A stream's buffer is up to twice what is in it, and a page stays until the next one.
  text.shrink_to_fit();
  return text;
}

}  // namespace pgrepl::metrics
