#include "support/json_schema.h"

#include <algorithm>
#include <regex>
#include <stdexcept>
#include <utility>

#include <nlohmann/json.hpp>

namespace pgrepl::testing {

namespace {

using Json = nlohmann::json;

bool has_type(const Json& value, const std::string& type) {
  return (type == "null" && value.is_null()) || (type == "boolean" && value.is_boolean()) ||
         (type == "string" && value.is_string()) || (type == "number" && value.is_number()) ||
         (type == "integer" && value.is_number_integer()) ||
         (type == "array" && value.is_array()) || (type == "object" && value.is_object());
}

class Validator {
 public:
  explicit Validator(const Json& root) : root_(root) {}

  void check(const Json& schema, const Json& value, const std::string& place) {
    for (const auto& [keyword, rule] : schema.items()) {
      check_keyword(schema, keyword, rule, value, place);
    }
  }

  [[nodiscard]] std::vector<std::string> take() { return std::move(violations_); }

 private:
  void check_keyword(
      const Json& schema,
      const std::string& keyword,
      const Json& rule,
      const Json& value,
      const std::string& place
  ) {
    if (keyword == "$ref") {
      const auto pointer = rule.get<std::string>().substr(1);
      check(root_.at(Json::json_pointer{pointer}), value, place);
    } else if (keyword == "type") {
      check_type(rule, value, place);
    } else if (keyword == "const") {
      expect(value == rule, place, "is not " + rule.dump());
    } else if (keyword == "enum") {
      expect(std::ranges::find(rule, value) != rule.end(), place, value.dump() + " is not allowed");
    } else if (keyword == "minimum") {
      expect(!value.is_number() || value >= rule, place, "is too small");
    } else if (keyword == "pattern") {
      const std::regex pattern{rule.get<std::string>()};
      const bool fits = !value.is_string() || std::regex_search(value.get<std::string>(), pattern);
      expect(fits, place, value.dump() + " does not look like " + rule.dump());
    } else if (keyword == "anyOf") {
      check_any(rule, value, place);
    } else if (keyword == "items") {
      for (std::size_t i = 0; value.is_array() && i < value.size(); ++i) {
        check(rule, value[i], place + "/" + std::to_string(i));
      }
    } else if (keyword == "properties" || keyword == "required" ||
               keyword == "additionalProperties") {
      check_members(schema, keyword, value, place);
    } else if (keyword != "$schema" && keyword != "title" && keyword != "$defs") {
      throw std::runtime_error("this validator does not know " + keyword);
    }
  }

  void check_type(const Json& rule, const Json& value, const std::string& place) {
    const auto fits = [&](const Json& type) { return has_type(value, type.get<std::string>()); };
    const bool holds = rule.is_array() ? std::ranges::any_of(rule, fits) : fits(rule);
    expect(holds, place, value.dump() + " is not of type " + rule.dump());
  }

  void check_any(const Json& rules, const Json& value, const std::string& place) {
    std::string problems;
    for (const Json& rule : rules) {
      Validator alternative{root_};
      alternative.check(rule, value, place);
      const auto found = alternative.take();
      if (found.empty()) {
        return;
      }
      problems += " " + found.front() + ";";
    }
    expect(false, place, "fits none of the alternatives:" + problems);
  }

  void check_members(
      const Json& schema, const std::string& keyword, const Json& value, const std::string& place
  ) {
    if (!value.is_object()) {
      return;
    }
    const Json& rule = schema.at(keyword);
    if (keyword == "required") {
      for (const Json& name : rule) {
        expect(value.contains(name), place, "lacks " + name.dump());
      }
      return;
    }
    const Json known = schema.value("properties", Json::object());
    for (const auto& [name, member] : value.items()) {
      const std::string inner = place + "/" + name;
      if (keyword == "properties" && known.contains(name)) {
        check(known[name], member, inner);
      } else if (keyword == "additionalProperties" && !known.contains(name)) {
        expect(rule != Json(false), inner, "is not allowed");
        if (rule.is_object()) {
          check(rule, member, inner);
        }
      }
    }
  }

  void expect(bool holds, const std::string& place, const std::string& otherwise) {
    if (!holds) {
      violations_.push_back(place + ": " + otherwise);
    }
  }

  const Json& root_;
  std::vector<std::string> violations_;
};

}  // namespace

std::vector<std::string> schema_violations(const std::string& schema, const std::string& document) {
  const Json root = Json::parse(schema);
  Validator validator{root};
  validator.check(root, Json::parse(document), "");
  return validator.take();
}

}  // namespace pgrepl::testing
