// A certificate that signs itself, for tests of TLS.
#pragma once

#include <string>

namespace pgrepl::testing {

struct Certificate {
  std::string certificate;  // PEM
  std::string key;          // PEM, without a passphrase
};

// Valid now, for `host`, which is a name or an IPv4 address; a CA of its own.
[[nodiscard]] Certificate make_certificate(const std::string& host);

}  // namespace pgrepl::testing
