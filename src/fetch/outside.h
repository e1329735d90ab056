// All that the moving half reaches the outside by. Real for the exporter; the simulated world has
// its own. Whoever holds it outlives those that it is handed to.
#pragma once

#include "fetch/client.h"
#include "loop/alarm.h"
#include "session/session.h"

namespace pgrepl::fetch {

struct Outside {
  loop::Loop loop;
  session::Network& network;
  Client& http;
};

}  // namespace pgrepl::fetch
