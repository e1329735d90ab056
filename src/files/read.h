// The one place that reads files: only regular ones, never more than a limit, and never waiting for
// somebody to write to a named pipe.
#pragma once

#include "support/expected.h"

#include <cstddef>
#include <optional>
#include <string>

namespace pgrepl::files {

// Enough for a configuration, a query file or a bundle of certificates.
inline constexpr std::size_t kLargestFile = 16U << 20U;
inline constexpr std::size_t kLargestPassword = 64U << 10U;

// The whole of the file, at most `largest` bytes. The error is the rest of a sentence that begins
// with the path: "does not exist", "is a directory, not a regular file", "is larger than 65536
// bytes", "cannot be read: Permission denied". Symbolic links are followed, for Kubernetes mounts
// secrets as such.
[[nodiscard]] Expected<std::string, std::string> read(
    const std::string& path, std::size_t largest = kLargestFile
);

// The same for a password: at most kLargestPassword bytes, and without the ends of lines after it.
[[nodiscard]] Expected<std::string, std::string> read_password(const std::string& path);

// Why `path` must not be handed to a library that opens files by itself: it is a directory, a named
// pipe, a socket or a device; the text is as an error of read(). Absent for a regular file, and for
// what does not exist: the library says so. Opening a named pipe would block the caller for ever.
[[nodiscard]] std::optional<std::string> why_not_regular(const std::string& path);

}  // namespace pgrepl::files
