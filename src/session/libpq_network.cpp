#include "session/libpq_network.h"

#include "session/pipeline_session.h"
#include "session/plain_session.h"

#include <utility>

namespace pgrepl::session {

std::unique_ptr<Session> LibpqNetwork::make_session(pg::ConnInfo conninfo, SessionOptions options) {
  return std::make_unique<PipelineSession>(
      loop_, resolver_, std::move(conninfo), options, limits_, &ration_
  );
}

std::unique_ptr<SimpleSession> LibpqNetwork::make_simple_session() {
  return std::make_unique<PlainSession>(loop_, resolver_, limits_, &ration_);
}

asio::awaitable<Addresses> LibpqNetwork::resolve(std::string host, Deadline deadline) {
  return resolver_.resolve(std::move(host), deadline);
}

}  // namespace pgrepl::session
