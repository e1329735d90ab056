// Tells whether a file has changed since it was looked at.
#pragma once

#include <cstdint>
#include <string>

namespace pgrepl::files {

// A file as stat(2) shows it: two stamps of one path are equal as long as it holds the same file,
// unchanged. A file that is not there has a stamp too, unlike that of any file.
struct Stamp {
  std::string path;
  std::int64_t changed = 0;  // st_ctime, in nanoseconds: no program can set it back
  std::int64_t size = -1;    // bytes
  std::uint64_t inode = 0;

  friend bool operator==(const Stamp&, const Stamp&) = default;
};

[[nodiscard]] Stamp stamp_of(const std::string& path);

}  // namespace pgrepl::files
