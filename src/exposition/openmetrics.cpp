#include "exposition/openmetrics.h"

#include <set>

namespace pgrepl::metrics {

namespace {

constexpr std::string_view kHelp = "# HELP ";
constexpr std::string_view kType = "# TYPE ";
constexpr std::string_view kTotal = "_total";

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

// "name rest" of what follows "# HELP " or "# TYPE ".
struct Described {
  std::string_view name;
  std::string_view rest;
};

Described split(std::string_view text) {
  const std::size_t space = text.find(' ');
  return {text.substr(0, space), space == std::string_view::npos ? "" : text.substr(space + 1)};
}

std::set<std::string_view> names_of_families(std::string_view page) {
  std::set<std::string_view> names;
  while (!page.empty()) {
    const std::string_view line = take_line(page);
    if (line.starts_with(kType)) {
      names.insert(split(line.substr(kType.size())).name);
    }
  }
  return names;
}

class Converter {
 public:
  explicit Converter(std::string_view page) : page_(page), names_(names_of_families(page)) {
    out_.reserve(page.size() + page.size() / 64 + 64);
  }

  [[nodiscard]] std::string convert() && {
    while (!page_.empty()) {
      const std::string_view line = take_line(page_);
      if (line.starts_with(kHelp)) {
        help_ = split(line.substr(kHelp.size()));
      } else if (line.starts_with(kType)) {
        add_family(split(line.substr(kType.size())));
      } else if (!line.empty()) {
        add_sample(line);
      }
    }
    out_ += "# EOF\n";
    return std::move(out_);
  }

 private:
  void add_family(const Described& described) {
    std::string_view name = described.name;
    std::string_view type = described.rest;
    if (type == "untyped") {
      type = "unknown";
    }
    if (type == "counter") {
      std::string_view base = name;
      base.remove_suffix(base.ends_with(kTotal) ? kTotal.size() : 0);
      // The family of a counter lacks the suffix; that name may be another family's.
      const bool is_legal = base.size() < name.size() && !names_.contains(base);
      name = is_legal ? base : name;
      type = is_legal ? type : "unknown";
    }
    in_histogram_ = type == "histogram";
    if (help_.name == described.name) {
      out_.append(kHelp).append(name).append(" ");
      add_escaped(help_.rest);
      out_ += '\n';
    }
    out_.append(kType).append(name).append(" ").append(type).append("\n");
    help_ = {};
  }

  void add_escaped(std::string_view help) {
    for (const char c : help) {
      if (c == '"') {
        out_ += '\\';
      }
      out_ += c;
    }
  }

  // Bounds of buckets are written as floating-point numbers: le="1.0".
  void add_sample(std::string_view line) {
    constexpr std::string_view kBound = "le=\"";
    const std::size_t found = in_histogram_ ? line.find(kBound) : std::string_view::npos;
    if (found != std::string_view::npos) {
      const std::size_t begin = found + kBound.size();
      const std::size_t end = line.find('"', begin);
      const std::string_view bound = line.substr(begin, end - begin);
      if (bound.find_first_not_of("0123456789") == std::string_view::npos) {
        out_.append(line.substr(0, end)).append(".0");
        line.remove_prefix(end);
      }
    }
    out_.append(line).append("\n");
  }

  std::string_view page_;
  std::set<std::string_view> names_;
  Described help_;
  bool in_histogram_ = false;
  std::string out_;
};

}  // namespace

std::string to_openmetrics(std::string_view page) {
  return Converter{page}.convert();
}

}  // namespace pgrepl::metrics
