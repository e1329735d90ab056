// What a server may answer.
#include "fuzz/result_set.h"
#include "sampling/decode.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pgrepl;
  const auto rows = fuzz::result_set(fuzz::text(data, size));
  if (!rows) {
    return 0;
  }
  (void)sampling::decode_tick(*rows);
  (void)sampling::decode_server_facts(*rows, pg::ServerVersion{150000});
  (void)sampling::decode_archiver(*rows);
  (void)sampling::decode_database_totals(*rows, {});
  (void)sampling::decode_sessions(*rows);
  (void)sampling::decode_replication_slots(*rows);
  (void)sampling::decode_endpoint(*rows);
  return 0;
}
