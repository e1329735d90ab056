#include "discovery/patroni_cluster.h"

#include "pg/reach.h"
#include "support/printable.h"

#include <cstdint>
#include <optional>

#include <nlohmann/json.hpp>

namespace pgrepl::discovery {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestName = 256;  // bytes

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

// Absent for a port that is none.
std::optional<PatroniMember> read_member(const Json& json) {
  if (!json.is_object()) {
    return std::nullopt;
  }
  PatroniMember member{.name = text_of(json, "name"), .endpoint = {}};
  member.endpoint.host = text_of(json, "host");
  if (const auto port = json.find("port"); port != json.end()) {
    const auto number = port->is_number_integer() ? port->get<std::int64_t>() : 0;
    if (number < 1 || number > UINT16_MAX) {
      return std::nullopt;
    }
    member.endpoint.port = static_cast<std::uint16_t>(number);
  }
  return member;
}

}  // namespace

Expected<PatroniCluster, std::string> parse_patroni_cluster(std::string_view text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return Unexpected{std::string{"the answer is no JSON object"}};
  }
  const auto members = json.find("members");
  if (members == json.end() || !members->is_array()) {
    return Unexpected{std::string{"the answer lists no members; is this Patroni's REST API?"}};
  }
  PatroniCluster cluster;
  for (const Json& entry : *members) {
    auto member = read_member(entry);
    if (!member || member->name.empty()) {
      return Unexpected{std::string{"a member without a name, or with a port that is none"}};
    }
    if (!member->endpoint.host.empty() && !pg::is_host(member->endpoint.host)) {
      return Unexpected{
          "the host of member '" + printable(member->name) + "' is neither a name nor an address"};
    }
    if (member->name.size() > kLongestName || !is_printable(member->name)) {
      return Unexpected{
          std::string{"a member's name is too long, or has characters that do not print"}};
    }
    if (!member->endpoint.host.empty()) {
      cluster.members.push_back(std::move(*member));
    }
  }
  const auto pause = json.find("pause");
  cluster.paused = pause != json.end() && pause->is_boolean() && pause->get<bool>();
  return cluster;
}

}  // namespace pgrepl::discovery
