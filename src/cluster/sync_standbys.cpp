#include "cluster/sync_standbys.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

namespace pgrepl::cluster {

namespace {

struct Token {
  enum class Kind : std::uint8_t { Name, Number, Star, Comma, Open, Close } kind;
  std::string text;
  bool quoted = false;
};

bool is_blank(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}

bool is_name_part(char c) {
  const auto u = static_cast<unsigned char>(c);
  return std::isalnum(u) != 0 || c == '_' || c == '$' || u >= 0x80;
}

// A name in double quotes; "" inside stands for one. Absent when it does not end, or is empty.
std::optional<Token> take_quoted(std::string_view& text) {
  Token token{.kind = Token::Kind::Name, .quoted = true};
  text.remove_prefix(1);
  while (!text.empty()) {
    if (text.front() != '"') {
      token.text += text.front();
      text.remove_prefix(1);
    } else if (text.starts_with("\"\"")) {
      token.text += '"';
      text.remove_prefix(2);
    } else {
      text.remove_prefix(1);
      return token.text.empty() ? std::nullopt : std::optional{token};
    }
  }
  return std::nullopt;
}

std::optional<Token> take_word(std::string_view& text) {
  Token token{.kind = Token::Kind::Name};
  while (!text.empty() && is_name_part(text.front())) {
    token.text += static_cast<char>(std::tolower(static_cast<unsigned char>(text.front())));
    text.remove_prefix(1);
  }
  if (token.text.empty() || token.text.front() == '$') {
    return std::nullopt;
  }
  if (std::isdigit(static_cast<unsigned char>(token.text.front())) != 0) {
    token.kind = Token::Kind::Number;
    const auto is_digit = [](unsigned char c) { return std::isdigit(c) != 0; };
    return std::ranges::all_of(token.text, is_digit) ? std::optional{token} : std::nullopt;
  }
  return token;
}

std::optional<std::vector<Token>> tokenize(std::string_view text) {
  constexpr std::pair<char, Token::Kind> kSigns[] = {
      {'*', Token::Kind::Star},
      {',', Token::Kind::Comma},
      {'(', Token::Kind::Open},
      {')', Token::Kind::Close},
  };
  std::vector<Token> tokens;
  while (!text.empty()) {
    const char c = text.front();
    const auto* sign = std::ranges::find(kSigns, c, &std::pair<char, Token::Kind>::first);
    if (is_blank(c)) {
      text.remove_prefix(1);
    } else if (sign != std::end(kSigns)) {
      tokens.push_back({.kind = sign->second, .text = std::string(1, c)});
      text.remove_prefix(1);
    } else {
      const auto token = c == '"' ? take_quoted(text) : take_word(text);
      if (!token) {
        return std::nullopt;
      }
      tokens.push_back(*token);
    }
  }
  return tokens;
}

using Tokens = std::span<const Token>;

// name [, name …]; a number may be a standby's name too.
std::optional<std::vector<std::string>> parse_list(Tokens tokens) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool is_name = tokens[i].kind == Token::Kind::Name ||
                         tokens[i].kind == Token::Kind::Number ||
                         tokens[i].kind == Token::Kind::Star;
    const bool is_comma = tokens[i].kind == Token::Kind::Comma;
    if (i % 2 == 0 ? !is_name : !is_comma) {
      return std::nullopt;
    }
    if (is_name) {
      names.push_back(tokens[i].text);
    }
  }
  return tokens.size() % 2 == 1 ? std::optional{names} : std::nullopt;
}

// NUMBER ( list )
std::optional<SyncStandbyNames> parse_counted(SyncMethod method, Tokens tokens) {
  const bool enclosed = tokens.size() >= 4 && tokens[0].kind == Token::Kind::Number &&
                        tokens[1].kind == Token::Kind::Open &&
                        tokens.back().kind == Token::Kind::Close;
  if (!enclosed) {
    return std::nullopt;
  }
  SyncStandbyNames parsed{.method = method};
  const std::string& number = tokens[0].text;
  const auto [end, problem] =
      std::from_chars(number.data(), number.data() + number.size(), parsed.required);
  auto names = parse_list(tokens.subspan(2, tokens.size() - 3));
  if (problem != std::errc{} || parsed.required == 0 || !names) {
    return std::nullopt;
  }
  parsed.names = std::move(*names);
  return parsed;
}

bool is_keyword(const Token& token, std::string_view word) {
  return token.kind == Token::Kind::Name && !token.quoted && token.text == word;
}

}  // namespace

std::optional<SyncStandbyNames> parse_sync_standby_names(std::string_view text) {
  const auto tokens = tokenize(text);
  if (!tokens) {
    return std::nullopt;
  }
  if (tokens->empty()) {
    return SyncStandbyNames{};
  }
  const Tokens all{*tokens};
  if (all.size() > 1 && all[1].kind == Token::Kind::Number) {
    if (is_keyword(all[0], "first")) {
      return parse_counted(SyncMethod::First, all.subspan(1));
    }
    if (is_keyword(all[0], "any")) {
      return parse_counted(SyncMethod::Any, all.subspan(1));
    }
  }
  if (auto counted = parse_counted(SyncMethod::First, all)) {
    return counted;
  }
  auto names = parse_list(all);
  return names ? std::optional{SyncStandbyNames{SyncMethod::First, 1, std::move(*names)}}
               : std::nullopt;
}

std::size_t count_sync_standbys(std::span<const WalSender> senders) {
  return static_cast<std::size_t>(std::ranges::count_if(senders, [](const WalSender& sender) {
    return sender.state == "streaming" && sender.slot_type != "logical" &&
           (sender.sync_state == "sync" || sender.sync_state == "quorum");
  }));
}

}  // namespace pgrepl::cluster
