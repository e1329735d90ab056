#include "config/expand.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace pgrepl::config {

namespace {

constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
constexpr std::string_view kDigits = "0123456789";

bool is_variable_name(std::string_view name) {
  return !name.empty() && kDigits.find(name.front()) == std::string_view::npos &&
         name.find_first_not_of(std::string{kLetters} + std::string{kDigits}) ==
             std::string_view::npos;
}

class Expansion {
 public:
  Expansion(const Environment& environment, Errors& errors)
      : environment_(environment), errors_(errors) {}

  void expand(yaml::Node& node, const std::string& key) {
    if (node.kind == yaml::Kind::Scalar) {
      expand_scalar(node, key);
    }
    for (yaml::Node& item : node.items) {
      expand(item, key);
    }
    for (yaml::Entry& entry : node.entries) {
      expand(entry.value, entry.key);
    }
  }

 private:
  void expand_scalar(yaml::Node& node, const std::string& key) {
    std::string expanded;
    std::string_view rest = node.scalar;
    while (!rest.empty()) {
      const std::size_t dollar = std::min(rest.find('$'), rest.size());
      expanded += rest.substr(0, dollar);
      rest.remove_prefix(dollar);
      if (rest.starts_with("$$")) {
        expanded += '$';
        rest.remove_prefix(2);
      } else if (rest.starts_with("${")) {
        const auto problem = expand_variable(rest, expanded);
        if (problem) {
          errors_.push_back({node.where, key.empty() ? *problem : key + ": " + *problem});
        }
        node.is_private = true;
      } else if (!rest.empty()) {
        expanded += '$';
        rest.remove_prefix(1);
      }
    }
    node.scalar = std::move(expanded);
  }

  // Moves the value of the variable that `rest` begins with to `expanded`; says what is wrong.
  std::optional<std::string> expand_variable(std::string_view& rest, std::string& expanded) {
    const std::size_t end = rest.find('}');
    if (end == std::string_view::npos) {
      rest = {};
      return "a '${' without '}'; write $$ for a literal $";
    }
    const std::string_view inside = rest.substr(2, end - 2);
    rest.remove_prefix(end + 1);
    const std::size_t separator = inside.find(":-");
    const std::string name{inside.substr(0, separator)};
    if (!is_variable_name(name) || inside.find("${") != std::string_view::npos) {
      return "expected ${VARIABLE} or ${VARIABLE:-default}; write $$ for a literal $";
    }
    const auto found = environment_.find(name);
    const bool has_default = separator != std::string_view::npos;
    if (found != environment_.end() && !(has_default && found->second.empty())) {
      expanded += found->second;
    } else if (has_default) {
      expanded += inside.substr(separator + 2);
    } else {
      return "the environment has no variable " + name + "; set it or write ${" + name +
             ":-default}";
    }
    return std::nullopt;
  }

  const Environment& environment_;
  Errors& errors_;
};

}  // namespace

yaml::Node expand(yaml::Node node, const Environment& environment, Errors& errors) {
  Expansion{environment, errors}.expand(node, "");
  return node;
}

}  // namespace pgrepl::config
