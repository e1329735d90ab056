// All that the exporter runs by; a reload replaces it as a whole.
#pragma once

#include "catalogue/query.h"
#include "config/config.h"
#include "support/errors.h"
#include "support/expected.h"

#include <functional>

namespace pgrepl {

struct Setup {
  config::Config config;
  catalogue::Catalogue catalogue;
};

// Reads all of it anew: the setup, or every mistake in any of its files.
using SetupReader = std::function<Expected<Setup, Errors>()>;

}  // namespace pgrepl
