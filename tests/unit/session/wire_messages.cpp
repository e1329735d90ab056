#include "wire_messages.h"

namespace pgrepl::testing::wire {

namespace {

std::string text(const std::string& value) {
  return value + '\0';
}

}  // namespace

std::string int32(std::uint32_t number) {
  std::string bytes;
  for (const unsigned shift : {24U, 16U, 8U, 0U}) {
    bytes += static_cast<char>((number >> shift) & 0xFFU);
  }
  return bytes;
}

std::string int16(std::uint16_t number) {
  return int32(number).substr(2);
}

std::string message(char type, const std::string& body) {
  return type + int32(static_cast<std::uint32_t>(body.size() + 4)) + body;
}

std::string authentication(std::uint32_t kind) {
  return message('R', int32(kind));
}

std::string parameter_status(const std::string& name, const std::string& value) {
  return message('S', text(name) + text(value));
}

std::string ready_for_query(char status) {
  return message('Z', std::string(1, status));
}

std::string parse_complete() {
  return message('1', "");
}

std::string bind_complete() {
  return message('2', "");
}

std::string command_complete(const std::string& tag) {
  return message('C', text(tag));
}

std::string empty_query_response() {
  return message('I', "");
}

std::string no_data() {
  return message('n', "");
}

std::string row_description(const std::vector<std::string>& columns) {
  constexpr std::uint32_t kText = 25;
  std::string body = int16(static_cast<std::uint16_t>(columns.size()));
  for (const std::string& column : columns) {
    body += text(column) + int32(0) + int16(0) + int32(kText) + int16(0xFFFF) + int32(0xFFFFFFFF) +
            int16(0);
  }
  return message('T', body);
}

std::string data_row(const std::vector<Value>& values) {
  std::string body = int16(static_cast<std::uint16_t>(values.size()));
  for (const Value& value : values) {
    body += value ? int32(static_cast<std::uint32_t>(value->size())) + *value : int32(0xFFFFFFFF);
  }
  return message('D', body);
}

std::string copy_out_response() {
  return message('H', std::string(1, '\0') + int16(0));
}

std::string copy_in_response() {
  return message('G', std::string(1, '\0') + int16(0));
}

std::string report(
    char type, const std::string& severity, const std::string& sqlstate, const std::string& words
) {
  std::string body;
  body += 'S' + text(severity);
  body += 'V' + text(severity);
  body += 'C' + text(sqlstate);
  body += 'M' + text(words);
  body += '\0';
  return message(type, body);
}

std::string error(const std::string& sqlstate, const std::string& words) {
  return report('E', "ERROR", sqlstate, words);
}

std::string fatal(const std::string& sqlstate, const std::string& words) {
  return report('E', "FATAL", sqlstate, words);
}

std::string rows(
    const std::vector<std::string>& columns, const std::vector<std::vector<Value>>& rows
) {
  std::string bytes = row_description(columns);
  for (const std::vector<Value>& row : rows) {
    bytes += data_row(row);
  }
  return bytes + command_complete("SELECT " + std::to_string(rows.size()));
}

std::string one(const std::string& value) {
  return rows({"n"}, {{value}});
}

}  // namespace pgrepl::testing::wire
