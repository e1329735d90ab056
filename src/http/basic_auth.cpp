#include "http/basic_auth.h"

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <vector>

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace pgrepl::http {

namespace {

constexpr std::size_t kMostProven = 1000;
// Longer ones are no login of a person or a scraper.
constexpr std::size_t kLongestHeader = 4096;
// Salt and hash of nobody; before them stand "$2y$", the cost and "$".
constexpr const char* kHashOfNobody = "WUDfWUDfWUDfWUDfWUDfWODNyhfqQFXS3yNGH5Gr79yhRMuJJnSIS";

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0) {
    return std::nullopt;
  }
  std::vector<unsigned char> decoded(text.size() / 4 * 3);
  const int size = EVP_DecodeBlock(decoded.data(), bytes(text), static_cast<int>(text.size()));
  if (size < 0) {
    return std::nullopt;
  }
  // The padding is decoded to zeros.
  const auto padding = static_cast<std::ptrdiff_t>(text.ends_with("==") ? 2 : text.ends_with('='));
  return std::string{decoded.begin(), decoded.begin() + size - padding};
}

bool matches(const std::string& password, const std::string& hash) {
  // 32 KiB, too much for the stack of a thread.
  const auto room = std::make_unique<crypt_data>();
  const char* computed = crypt_r(password.c_str(), hash.c_str(), room.get());
  const std::string_view text = computed == nullptr ? "" : computed;
  const bool same =
      text.size() == hash.size() && CRYPTO_memcmp(text.data(), hash.data(), hash.size()) == 0;
  OPENSSL_cleanse(room.get(), sizeof *room);
  return same;
}

// "$2y$10$…" has the cost "10": bcrypt takes 2^10 steps.
std::string cost_of(const std::string& hash) {
  return hash.substr(4, 2);
}

std::set<std::string> costs_of(const std::map<std::string, pg::Secret>& users) {
  std::set<std::string> costs;
  for (const auto& [user, hash] : users) {
    costs.insert(cost_of(hash.reveal()));
  }
  return costs;
}

// Takes the same time for every name, known or not: one computation at each cost that some user's
// hash has. `hash` is null for an unknown name.
bool matches_in_even_time(
    const std::string& password, const std::string* hash, const std::set<std::string>& costs
) {
  bool does_match = false;
  for (const std::string& cost : costs) {
    const bool is_own = hash != nullptr && cost_of(*hash) == cost;
    const bool same = matches(password, is_own ? *hash : "$2y$" + cost + "$" + kHashOfNobody);
    does_match = does_match || (same && is_own);
  }
  return does_match;
}

}  // namespace

Login parse_basic_authorization(std::string_view header) {
  constexpr std::string_view kScheme = "basic ";
  const bool is_basic =
      header.size() > kScheme.size() && header.size() <= kLongestHeader &&
      std::ranges::equal(header.substr(0, kScheme.size()), kScheme, [](unsigned char a, char b) {
        return std::tolower(a) == b;
      });
  if (!is_basic) {
    return {};
  }
  std::string_view encoded = header.substr(kScheme.size());
  encoded.remove_prefix(std::min(encoded.find_first_not_of(' '), encoded.size()));
  const auto text = decode_base64(encoded);
  const std::size_t colon = text ? text->find(':') : std::string::npos;
  // A zero byte would end the password for bcrypt, and a shorter one would do.
  if (colon == std::string::npos || text->find('\0') != std::string::npos) {
    return {};
  }
  return {text->substr(0, colon), text->substr(colon + 1)};
}

BasicAuth::BasicAuth() {
  RAND_bytes(key_.data(), static_cast<int>(key_.size()));
}

BasicAuth::Proof BasicAuth::proof_of(
    const std::string& user, const std::string& hash, const std::string& password
) const {
  const std::string all = user + '\0' + hash + '\0' + password;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  HMAC(
      EVP_sha256(),
      key_.data(),
      static_cast<int>(key_.size()),
      bytes(all),
      all.size(),
      digest.data(),
      &size
  );
  return {digest.begin(), digest.begin() + size};
}

bool BasicAuth::has_proven(const Proof& proof) {
  const std::lock_guard lock{proven_mutex_};
  return proven_.contains(proof);
}

bool BasicAuth::must_compute(
    std::string_view authorization, const std::map<std::string, pg::Secret>& users
) {
  const Login login = parse_basic_authorization(authorization);
  if (login.user.empty() && login.password.empty()) {
    return false;
  }
  const auto known = users.find(login.user);
  const std::string hash = known == users.end() ? std::string{} : known->second.reveal();
  return !has_proven(proof_of(login.user, hash, login.password));
}

bool BasicAuth::admits(
    std::string_view authorization, const std::map<std::string, pg::Secret>& users
) {
  const Login login = parse_basic_authorization(authorization);
  if (login.user.empty() && login.password.empty()) {
    return false;
  }
  const auto known = users.find(login.user);
  const std::string hash = known == users.end() ? std::string{} : known->second.reveal();
  const Proof proof = proof_of(login.user, hash, login.password);
  if (has_proven(proof)) {
    return true;
  }
  const std::lock_guard one_at_a_time{bcrypt_mutex_};
  if (!matches_in_even_time(login.password, hash.empty() ? nullptr : &hash, costs_of(users))) {
    return false;
  }
  const std::lock_guard lock{proven_mutex_};
  if (proven_.size() >= kMostProven) {
    proven_.clear();
  }
  proven_.insert(proof);
  return true;
}

}  // namespace pgrepl::http
