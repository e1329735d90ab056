// The one include of libpq, with owners for what it allocates.
#pragma once

#include <memory>

#include <libpq-fe.h>

namespace pgrepl::session {

struct ConnCloser {
  void operator()(PGconn* conn) const { PQfinish(conn); }
};

struct ResultClearer {
  void operator()(PGresult* result) const { PQclear(result); }
};

struct OptionsFreer {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

struct MemoryFreer {
  void operator()(void* memory) const { PQfreemem(memory); }
};

struct CancelFreer {
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};

using Conn = std::unique_ptr<PGconn, ConnCloser>;
using Result = std::unique_ptr<PGresult, ResultClearer>;
using Options = std::unique_ptr<PQconninfoOption, OptionsFreer>;
using Text = std::unique_ptr<char, MemoryFreer>;
using Cancel = std::unique_ptr<PGcancel, CancelFreer>;

}  // namespace pgrepl::session
