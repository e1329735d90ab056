#include "support/yaml.h"

#include <algorithm>

namespace pgrepl::yaml {

const Node* Node::find(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &found->value;
}

}  // namespace pgrepl::yaml
