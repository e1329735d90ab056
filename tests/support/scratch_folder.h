// A new folder for one test; it is removed with the object, and all that is in it. It belongs to
// whoever runs the test, unlike TemporaryDirectory, which the servers' account owns.
#pragma once

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>

#include <stdlib.h>

namespace pgrepl::testing {

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = std::filesystem::temp_directory_path() / "pgrepl-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
      throw std::runtime_error{"cannot make a folder for a test"};
    }
    path_ = name;
  }

  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  // The full name of an entry, which need not exist.
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ / name; }

  // Writes a file, or writes it anew; gives its full name.
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream{path_ / name, std::ios::binary} << text;
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace pgrepl::testing
