// What is fixed on each connection of ours before anything is asked.
#pragma once

#include "session/session.h"

#include <string>

namespace pgrepl::session {

// SET for each setting that changes what our statements do or how long they may take, whatever the
// role, the database or the server has set; for the simple protocol, in one message. SET needs no
// snapshot, which a SELECT of set_config() does: that fails on a hot standby under a role whose
// default is serializable. Nothing stands in the startup packet, which poolers may refuse.
[[nodiscard]] std::string pinned_settings(const SessionOptions& options);

}  // namespace pgrepl::session
