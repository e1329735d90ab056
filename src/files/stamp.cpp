#include "files/stamp.h"

#include <sys/stat.h>

namespace pgrepl::files {

Stamp stamp_of(const std::string& path) {
  struct stat found {};

  if (::stat(path.c_str(), &found) != 0) {
    return {.path = path};
  }
  constexpr std::int64_t kBillion = 1'000'000'000;
  return {
      .path = path,
      .changed = found.st_ctim.tv_sec * kBillion + found.st_ctim.tv_nsec,
      .size = found.st_size,
      .inode = found.st_ino};
}

}  // namespace pgrepl::files
