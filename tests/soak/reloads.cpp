#include "soak/reloads.h"

#include "support/wait_until.h"

#include <optional>

namespace pgrepl::testing {

namespace {

using namespace std::chrono_literals;

enum Variant : std::size_t { Plain, ServerAdded, EndpointAdded, EndpointMoved, Wrong, Count };

std::string endpoint(std::uint16_t port, const std::string& expect) {
  return "    endpoints: [{ name: way-in, host: 127.0.0.1, port: " + std::to_string(port) +
         ", expect: " + expect + " }]\n";
}

struct Said {
  double taken_at = 0;
  bool refused = false;
};

// Absent while the page does not come.
std::optional<Said> last_reload(const Exporter& exporter) {
  const auto answer = exporter.get("/metrics");
  if (answer.status != 200) {
    return std::nullopt;
  }
  const auto page = parse_exposition(answer.body);
  const auto at = find_value(page, "pg_exporter_config_last_reload_success_timestamp_seconds");
  const auto good = find_value(page, "pg_exporter_config_last_reload_successful");
  return Said{.taken_at = at.value_or(0), .refused = good == 0};
}

}  // namespace

std::string Reloads::configuration(std::size_t variant) const {
  const std::string added =
      "      - { name: pg-3, host: 127.0.0.1, port: " + std::to_string(stage_.standby.port()) +
      " }\n";
  FaultOptions options;
  switch (variant) {
    case ServerAdded:
      options.more = added;
      break;
    case EndpointAdded:
      options.more = added + endpoint(stage_.gate.port(), "standby");
      break;
    case EndpointMoved:
      options.more = endpoint(stage_.primary.port(), "primary");
      break;
    case Wrong:
      options.more = "    exspected_standbys: 2\n";
      break;
    default:
      break;
  }
  return stage_.configuration(options);
}

bool Reloads::next() {
  const std::size_t variant = (turn_ + 1) % Count;
  (void)stage_.write("exporter.yml", configuration(variant));
  const Answer answer = turn_ % 2 == 0 ? signal() : post();
  turn_ += 1;
  (answer == Answer::Taken ? taken_ : refused_) += answer == Answer::Neither ? 0U : 1U;
  return answer == (variant == Wrong ? Answer::Refused : Answer::Taken);
}

bool Reloads::settle() const {
  (void)stage_.write("exporter.yml", configuration(Plain));
  return post() == Answer::Taken;
}

Reloads::Answer Reloads::post() const {
  const int status = http_post(exporter_.port(), "/-/reload").status;
  return status == 200 ? Answer::Taken : status == 400 ? Answer::Refused : Answer::Neither;
}

// A file that is wrong never follows another, so that the page tells it by the last answer.
Reloads::Answer Reloads::signal() const {
  std::optional<Said> before;
  Answer answer = Answer::Neither;
  const bool asked = wait_until([&] { return (before = last_reload(exporter_)).has_value(); }, 20s);
  if (!asked) {
    return answer;
  }
  exporter_.reload();
  (void)wait_until(
      [&] {
        const auto said = last_reload(exporter_);
        if (said && said->taken_at > before->taken_at) {
          answer = Answer::Taken;
        } else if (said && said->refused && !before->refused) {
          answer = Answer::Refused;
        }
        return answer != Answer::Neither;
      },
      20s
  );
  return answer;
}

}  // namespace pgrepl::testing
