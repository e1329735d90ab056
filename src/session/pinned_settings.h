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

// Opens a read-only transaction and sets the same with SET LOCAL, which ends with it; for servers
// behind a pooler, whose connections are shared with applications. The keepalives are left out:
// they would be those of the pooler's own connection.
[[nodiscard]] std::string pinned_transaction(const SessionOptions& options);

}  // namespace pgrepl::session
