// A statement as many connections send it again and again.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace pgrepl::pg {

// A text that its copies share, with its hash: a round of a thousand servers sends the same texts a
// thousand times, and each connection looks up which of them it has prepared.
class Statement {
 public:
  // What a connection recognises it by: hash and length. The texts of a whole catalogue for each
  // connection would be most of what a server costs.
  using Id = std::pair<std::size_t, std::size_t>;

  Statement(std::string text) : text_(std::make_shared<const std::string>(std::move(text))) {
    id_ = {std::hash<std::string>{}(*text_), text_->size()};
  }

  Statement(const char* text) : Statement(std::string{text}) {}

  // Changes a setting for the statements after it: for the session, or inside a transaction for the
  // rest of that. `name` and `value` are our own words: nothing in them needs quoting.
  [[nodiscard]] static Statement setting(const std::string& name, const std::string& value) {
    const std::string change = "SELECT pg_catalog.set_config('" + name + "', '" + value + "', ";
    Statement statement{change + "false)"};
    statement.in_transaction_ = std::make_shared<const std::string>(change + "true)");
    return statement;
  }

  [[nodiscard]] bool is_setting() const { return in_transaction_ != nullptr; }

  // It is sent every second: where it is prepared, its execution is to be a short text, for a
  // server with log_statement = all writes each of them into its log.
  void send_briefly() { brief_ = true; }

  [[nodiscard]] bool is_brief() const { return brief_; }

  // What to send where nothing may outlive the transaction.
  [[nodiscard]] const std::string& text_in_transaction() const {
    return is_setting() ? *in_transaction_ : *text_;
  }

  [[nodiscard]] const std::string& text() const { return *text_; }

  [[nodiscard]] Id id() const { return id_; }

  friend bool operator==(const Statement& a, const Statement& b) { return a.text() == b.text(); }

 private:
  std::shared_ptr<const std::string> text_;
  std::shared_ptr<const std::string> in_transaction_;  // null when it is no setting
  Id id_;
  bool brief_ = false;
};

}  // namespace pgrepl::pg
