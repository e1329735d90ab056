// The words of a server: positions, numbers, arrays, synchronous_standby_names, errors.
#include "cluster/sync_standbys.h"
#include "fuzz/input.h"
#include "pg/lsn.h"
#include "pg/number.h"
#include "session/classify.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgrepl;
  const std::string_view text = fuzz::text(data, size);
  if (const auto lsn = pg::Lsn::parse(text)) {
    fuzz::promise(pg::Lsn::parse(to_string(*lsn)) == lsn);
  }
  (void)pg::to_number(text);
  (void)pg::to_numbers(text);
  if (const auto names = cluster::parse_sync_standby_names(text)) {
    fuzz::promise(names->names.empty() == (names->required == 0));
  }
  const auto failure = session::classify_connect_failure(text);
  fuzz::promise(failure.message.find('\n') == std::string::npos);
  return 0;
}
