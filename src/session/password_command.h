// Programs that print a password: tokens that expire, as cloud providers and vaults hand them out.
#pragma once

#include "pg/conninfo.h"
#include "session/errands.h"

#include <chrono>
#include <string>
#include <vector>

namespace pgrepl::session {

// `password_command` with {host}, {port}, {user} and {dbname} replaced by those of `conninfo`, each
// in whole or in part of an argument. Empty where none is configured.
[[nodiscard]] std::vector<std::string> expand_password_command(const pg::ConnInfo& conninfo);

// What the program prints, without the ends of lines after it. No shell: the first word is the
// program, by its absolute path, the others its arguments. It gets our environment, an empty
// standard input and none of our open files; what it writes to standard error is dropped, since it
// may tell a secret. It may take `time`, and is killed after that with all that it started. The
// error says how it ended, and nothing that it printed. Blocks.
[[nodiscard]] Brought run_password_command(
    const std::vector<std::string>& command, std::chrono::milliseconds time
);

}  // namespace pgrepl::session
