// Messages of PostgreSQL's protocol 3.0 as a server writes them (manual, "Message Formats"). A test
// may send them in any order, cut them, or change their bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pgrepl::testing::wire {

using Value = std::optional<std::string>;  // absent: NULL

[[nodiscard]] std::string int32(std::uint32_t number);
[[nodiscard]] std::string int16(std::uint16_t number);

// One message with its type and its length.
[[nodiscard]] std::string message(char type, const std::string& body);

[[nodiscard]] std::string authentication(std::uint32_t kind);  // 0: AuthenticationOk
[[nodiscard]] std::string parameter_status(const std::string& name, const std::string& value);
// `status` is 'I' outside of a transaction, 'T' in one, 'E' in one that has failed.
[[nodiscard]] std::string ready_for_query(char status = 'I');

[[nodiscard]] std::string parse_complete();
[[nodiscard]] std::string bind_complete();
[[nodiscard]] std::string command_complete(const std::string& tag);
[[nodiscard]] std::string empty_query_response();
[[nodiscard]] std::string no_data();
// Columns are of type text.
[[nodiscard]] std::string row_description(const std::vector<std::string>& columns);
[[nodiscard]] std::string data_row(const std::vector<Value>& values);
[[nodiscard]] std::string copy_out_response();
[[nodiscard]] std::string copy_in_response();

// `type` is 'E' for an error, 'N' for a notice.
[[nodiscard]] std::string report(
    char type, const std::string& severity, const std::string& sqlstate, const std::string& message
);
[[nodiscard]] std::string error(const std::string& sqlstate, const std::string& message);
[[nodiscard]] std::string fatal(const std::string& sqlstate, const std::string& message);

// All that a statement with these rows is answered by: description, rows, completion.
[[nodiscard]] std::string rows(
    const std::vector<std::string>& columns, const std::vector<std::vector<Value>>& rows
);
// One column "n", one row.
[[nodiscard]] std::string one(const std::string& value);

}  // namespace pgrepl::testing::wire
