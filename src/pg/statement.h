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

  [[nodiscard]] const std::string& text() const { return *text_; }

  [[nodiscard]] Id id() const { return id_; }

  friend bool operator==(const Statement& a, const Statement& b) { return a.text() == b.text(); }

 private:
  std::shared_ptr<const std::string> text_;
  Id id_;
};

}  // namespace pgrepl::pg
