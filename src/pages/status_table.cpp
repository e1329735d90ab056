#include "pages/status_table.h"

#include "pages/quantities.h"
#include "support/printable.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace pgrepl::pages {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kDash = "–";
constexpr std::array<std::string_view, 10> kTitles{
    "SERVER", "ROLE", "UPSTREAM", "STATE", "LAG", "BYTES", "TL", "SLOT", "VERSION", "UPTIME"};
constexpr std::array kAlignedRight{
    false, false, false, false, true, true, true, false, false, true};
using Row = std::array<std::string, kTitles.size()>;

// A member on the way `path`; null when there is none.
const Json& member(const Json& object, std::initializer_list<const char*> path) {
  static const Json kNull;
  const Json* found = &object;
  for (const char* name : path) {
    if (!found->is_object() || !found->contains(name)) {
      return kNull;
    }
    found = &(*found)[name];
  }
  return *found;
}

std::string text_of(const Json& value) {
  if (value.is_string()) {
    return printable(value.get<std::string>());
  }
  return value.is_number_integer() ? std::to_string(value.get<std::int64_t>()) : std::string{kDash};
}

std::string time_of(const Json& value) {
  return value.is_number() ? format_time(cluster::Seconds{value.get<double>()}) : text_of(value);
}

std::string bytes_of(const Json& value) {
  return value.is_number_unsigned() ? format_bytes(value.get<std::uint64_t>()) : text_of(value);
}

std::string role_of(const Json& server) {
  const std::string role = text_of(member(server, {"role"}));
  const bool gone = member(server, {"up"}) == false && role != kDash;
  return gone ? "was " + role : role;
}

// A primary has no state of replication; of a server that is down its reason is worth more.
std::string state_of(const Json& server) {
  if (member(server, {"up"}) == false) {
    return "down: " + text_of(member(server, {"failure", "reason"}));
  }
  return text_of(member(server, {"standby", "state"}));
}

Row row_of(const Json& server) {
  const Json& lag = member(server, {"standby", "lag"});
  return {
      text_of(member(server, {"name"})),
      role_of(server),
      text_of(member(server, {"standby", "upstream", "server"})),
      state_of(server),
      time_of(member(lag, {"seconds"})),
      bytes_of(member(lag, {"bytes"})),
      text_of(member(server, {"timeline"})),
      text_of(member(server, {"standby", "upstream", "slot_name"})),
      text_of(member(server, {"version"})),
      time_of(member(server, {"uptime_seconds"}))};
}

// In characters, as far as each takes one column.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

class Writer {
 public:
  explicit Writer(Colours colours) : colours_(colours) {}

  void write_cluster(const Json& cluster) {
    const std::string health = text_of(member(cluster, {"health"}));
    text_ += (text_.empty() ? "" : "\n") + text_of(member(cluster, {"name"})) + ": " +
             painted(health, colour_of(health)) + "\n";
    for (const Json& problem : member(cluster, {"problems"})) {
      const std::string severity = text_of(member(problem, {"severity"}));
      text_ += "  " + painted(severity, colour_of(severity)) + ": " +
               text_of(member(problem, {"message"})) + "\n";
    }
    write_servers(member(cluster, {"servers"}));
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void write_servers(const Json& servers) {
    std::vector<Row> rows;
    Row& titles = rows.emplace_back();
    std::ranges::copy(kTitles, titles.begin());
    for (const Json& server : servers) {
      rows.push_back(row_of(server));
    }
    std::array<std::size_t, kTitles.size()> widths{};
    for (const Row& row : rows) {
      for (std::size_t i = 0; i < row.size(); ++i) {
        widths.at(i) = std::max(widths.at(i), width_of(row.at(i)));
      }
    }
    for (const Row& row : rows) {
      write_row(row, widths);
    }
  }

  void write_row(const Row& row, const std::array<std::size_t, kTitles.size()>& widths) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths.at(i) - width_of(row.at(i)), ' ');
      const std::string cell = painted(row.at(i), i == 3 ? colour_of(row.at(i)) : "");
      line += "  " + (kAlignedRight.at(i) ? padding + cell : cell + padding);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text_ += line + "\n";
  }

  static std::string_view colour_of(std::string_view word) {
    constexpr std::array<std::string_view, 2> kGood{"healthy", "streaming"};
    constexpr std::array<std::string_view, 5> kFair{
        "degraded", "warning", "catchup", "paused", "archive_recovery"};
    constexpr std::array<std::string_view, 5> kBad{
        "unhealthy", "critical", "disconnected", "upstream_down", "diverged"};
    if (std::ranges::find(kGood, word) != kGood.end()) {
      return "32";
    }
    if (std::ranges::find(kFair, word) != kFair.end()) {
      return "33";
    }
    const bool bad = std::ranges::find(kBad, word) != kBad.end() || word.starts_with("down");
    return bad ? "31" : "";
  }

  [[nodiscard]] std::string painted(const std::string& text, std::string_view colour) const {
    if (colours_ == Colours::None || colour.empty()) {
      return text;
    }
    return "\033[" + std::string{colour} + "m" + text + "\033[0m";
  }

  Colours colours_;
  std::string text_;
};

}  // namespace

Expected<StatusTable, std::string> status_table(const std::string& document, Colours colours) {
  const Json parsed = Json::parse(document, nullptr, false);
  const Json& clusters = member(parsed, {"clusters"});
  if (!clusters.is_array()) {
    return Unexpected<std::string>{"the answer is not that of /api/v1/clusters"};
  }
  Writer writer{colours};
  StatusTable table{.text = {}, .healthy = true};
  for (const Json& cluster : clusters) {
    writer.write_cluster(cluster);
    table.healthy = table.healthy && member(cluster, {"health"}) == "healthy";
  }
  table.text = writer.take();
  return table;
}

}  // namespace pgrepl::pages
