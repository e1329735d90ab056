#include "support/gzip.h"

#include <memory>

#include <libdeflate.h>

namespace pgrepl {

std::string gzip(std::string_view text) {
  // Level 1: pages of metrics shrink to a twelfth already, a higher level costs more than it saves.
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor{
      libdeflate_alloc_compressor(1), libdeflate_free_compressor};
  if (compressor == nullptr) {
    return {};
  }
  std::string out(libdeflate_gzip_compress_bound(compressor.get(), text.size()), '\0');
  out.resize(
      libdeflate_gzip_compress(compressor.get(), text.data(), text.size(), out.data(), out.size())
  );
  return out;
}

}  // namespace pgrepl
