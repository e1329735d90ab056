#include "discovery/refused.h"

#include "log/log.h"

namespace pgrepl::discovery {

void Refused::say(const std::string& address) {
  if (said_.size() > kMost || !said_.insert(address).second) {
    return;
  }
  log::write(
      log::Level::Warning,
      "discovery",
      said_.size() > kMost
          ? "many standbys are outside of allowed_networks; no further one is named here"
          : "a standby is not followed; to send our credentials there, list its network in "
            "allowed_networks",
      {{"address", address}}
  );
}

}  // namespace pgrepl::discovery
