#include "start/startup.h"

#include "catalogue/embedded.h"
#include "catalogue/load.h"
#include "config/load.h"
#include "files/read.h"
#include "http/web_settings.h"
#include "session/conninfo_parser.h"
#include "start/query_switches.h"

#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <glob.h>
#include <unistd.h>

namespace pgrepl {

namespace {

config::Environment read_environment() {
  config::Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (const std::size_t equals = text.find('='); equals != std::string::npos) {
      environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return environment;
}

// The files a shell would name, in its order.
std::vector<std::string> expand_pattern(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> files;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  globfree(&found);
  return files;
}

std::vector<catalogue::SourceText> read_query_files(
    const std::vector<std::string>& patterns, Errors& errors
) {
  std::vector<catalogue::SourceText> texts;
  for (const catalogue::EmbeddedFile& file : catalogue::embedded_query_files()) {
    texts.push_back({"queries/" + std::string{file.name}, std::string{file.text}});
  }
  for (const std::string& pattern : patterns) {
    const auto names = expand_pattern(pattern);
    if (names.empty()) {
      errors.push_back({{.file = pattern}, "no such query file"});
    }
    for (const std::string& name : names) {
      if (auto text = files::read(name)) {
        texts.push_back({name, std::move(*text), true});
      } else {
        errors.push_back({{.file = name}, "the query file " + text.error()});
      }
    }
  }
  return texts;
}

void append(Errors& errors, Errors more) {
  errors.insert(
      errors.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end())
  );
}

}  // namespace

Expected<catalogue::Catalogue, Errors> read_catalogue(const std::vector<std::string>& patterns) {
  Errors errors;
  auto catalogue = catalogue::load(read_query_files(patterns, errors));
  if (!catalogue) {
    append(errors, std::move(catalogue.error()));
  }
  if (!errors.empty()) {
    return Unexpected{std::move(errors)};
  }
  return catalogue;
}

Expected<Setup, Errors> read_setup(const CommandLine& line) {
  auto loaded = config::load(
      {.config_file = line.config_file,
       .read_file = [](const std::string& name) { return files::read(name); },
       .environment = read_environment(),
       .flags = line.flags,
       .parse_conninfo = session::parse_conninfo}
  );
  Errors errors;
  std::vector<std::string> patterns;
  if (loaded) {
    patterns = loaded->queries.files;
  } else {
    append(errors, std::move(loaded.error()));
  }
  auto catalogue = read_catalogue(patterns);
  if (!catalogue) {
    append(errors, std::move(catalogue.error()));
  }
  if (loaded && catalogue) {
    append(errors, find_unknown_queries(loaded->queries, *catalogue));
  }
  if (loaded && !loaded->web.config_file.empty()) {
    if (auto web = http::WebSettings::open(loaded->web.config_file); !web) {
      append(errors, std::move(web.error()));
    }
  }
  if (!errors.empty()) {
    return Unexpected{std::move(errors)};
  }
  return Setup{std::move(*loaded), std::move(*catalogue)};
}

}  // namespace pgrepl
