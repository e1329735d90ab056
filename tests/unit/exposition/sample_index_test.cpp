#include "exposition/sample_index.h"

#include <gtest/gtest.h>

namespace pgrepl::metrics {
namespace {

SampleMark mark(std::size_t hash, std::size_t line) {
  return {.hash = hash, .line = line, .family = 0, .labels_size = 0};
}

// Whether a sample of that hash and line is new.
bool insert(SampleIndex& index, std::size_t hash, std::size_t line) {
  return index.insert(mark(hash, line), [line](const SampleMark& other) {
    return other.line == line;
  });
}

TEST(SampleIndex, KnowsWhatItHasHoweverManyThereAre) {
  SampleIndex index;
  constexpr std::size_t kMany = 100'000;
  for (std::size_t i = 0; i < kMany; ++i) {
    ASSERT_TRUE(insert(index, i * 0x9E3779B97F4A7C15U, i)) << i;
  }
  for (std::size_t i = 0; i < kMany; ++i) {
    ASSERT_FALSE(insert(index, i * 0x9E3779B97F4A7C15U, i)) << i;
  }
}

TEST(SampleIndex, TellsSamplesOfOneHashApart) {
  SampleIndex index;
  for (std::size_t line = 0; line < 2000; ++line) {
    ASSERT_TRUE(insert(index, 7, line)) << line;
  }
  EXPECT_FALSE(insert(index, 7, 0));
  EXPECT_FALSE(insert(index, 7, 1999));
}

TEST(SampleIndex, HashesThatDifferInTheirHighBitsAloneAreNotOne) {
  SampleIndex index;
  EXPECT_TRUE(insert(index, 5, 1));
  EXPECT_TRUE(insert(index, 5 + (std::size_t{1} << 40U), 1));
}

}  // namespace
}  // namespace pgrepl::metrics
