#include "http/target.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace pgrepl::http {
namespace {

TEST(PathOf, IsDecodedOnceWithoutDotsAndDoubledSlashes) {
  const std::pair<const char*, const char*> cases[] = {
      {"/", "/"},
      {"", "/"},
      {"?a", "/"},
      {"/?a=/b", "/"},
      {"/metrics", "/metrics"},
      {"/metrics/", "/metrics/"},
      {"/metrics?a", "/metrics"},
      {"/metrics/?a", "/metrics/"},
      {"//metrics", "/metrics"},
      {"/a///b//", "/a/b/"},
      {"/%6detrics", "/metrics"},
      {"/%6Detrics%3Fa", "/metrics?a"},
      {"/%256d", "/%6d"},
      {"/a%2fb", "/a/b"},
      {"/a\\b", "/a/b"},
      {"/a%5Cb", "/a/b"},
      {"/a/./b", "/a/b"},
      {"/a/../b", "/b"},
      {"/a/%2e%2E/b", "/b"},
      {"/a\\..\\b", "/b"},
      {"/a/b/..", "/a/"},
      {"/a/b/.", "/a/b/"},
      {"/..", "/"},
      {"/../../etc", "/etc"},
      {"/a/../../b", "/b"},
      {"/...", "/..."},
      {"/..a/b..", "/..a/b.."},
      {"/.well-known", "/.well-known"},
      {"/a b", "/a b"},
      {"/a+b", "/a+b"},
      {"/%", "/%"},
      {"/%4", "/%4"},
      {"/%zz%41", "/%zzA"},
      {"/%+1", "/%+1"},
      {"/%-1", "/%-1"},
  };
  for (const auto& [target, path] : cases) {
    EXPECT_EQ(path_of(target), path) << target;
  }
}

TEST(QueryOf, FollowsTheFirstQuestionMark) {
  EXPECT_EQ(query_of("/a"), "");
  EXPECT_EQ(query_of("/a?"), "");
  EXPECT_EQ(query_of("/a?b?c%20d"), "b?c%20d");
}

// All texts of four characters that paths are bent with.
TEST(PathOf, HasNoDotsLeftHoweverTheyAreWritten) {
  constexpr std::string_view kLetters = "/.\\%a2e5cf";
  std::string target = "/....";
  std::size_t tried = 0;
  const auto try_all = [&](const auto& self, std::size_t at) -> void {
    if (at == target.size()) {
      const std::string path = path_of(target);
      tried += 1;
      const bool is_clean = path.starts_with('/') && path.find("//") == std::string::npos &&
                            (path + '/').find("/../") == std::string::npos &&
                            (path + '/').find("/./") == std::string::npos &&
                            path.find('\\') == std::string::npos;
      ASSERT_TRUE(is_clean) << target << " is " << path;
      return;
    }
    for (const char letter : kLetters) {
      target[at] = letter;
      self(self, at + 1);
    }
  };
  try_all(try_all, 1);
  EXPECT_EQ(tried, 10'000U);
}

}  // namespace
}  // namespace pgrepl::http
