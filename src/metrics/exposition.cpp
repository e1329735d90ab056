#include "metrics/exposition.h"

#include <sstream>
#include <utility>

#include <prometheus/text_serializer.h>

namespace pgrepl::metrics {

std::string render(const std::vector<prometheus::MetricFamily>& families) {
  std::ostringstream out;
  prometheus::TextSerializer{}.Serialize(out, families);
  return std::move(out).str();
}

}  // namespace pgrepl::metrics
