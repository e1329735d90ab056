#include "watch/process_facts.h"

#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace pgrepl::watch {
namespace {

// Of this very process, by other ways than those of the code.
TEST(ProcessFacts, AreThoseOfThisProcess) {
  const auto facts = read_process_facts();
  ASSERT_TRUE(facts.start_time_seconds && facts.open_fds && facts.max_fds);
  ASSERT_TRUE(facts.resident_memory_bytes && facts.virtual_memory_bytes && facts.cpu_seconds);
  const auto now = static_cast<double>(time(nullptr));
  EXPECT_LE(*facts.start_time_seconds, now + 1);
  EXPECT_GT(*facts.start_time_seconds, now - 24 * 3600);
  EXPECT_GT(*facts.resident_memory_bytes, 1e6);
  EXPECT_GE(*facts.virtual_memory_bytes, *facts.resident_memory_bytes);
  EXPECT_EQ(*facts.max_fds, static_cast<double>(sysconf(_SC_OPEN_MAX)));
}

TEST(ProcessFacts, CountEachOpenDescriptor) {
  const double before = *read_process_facts().open_fds;
  std::vector<int> opened;
  for (int i = 0; i < 7; ++i) {
    opened.push_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    ASSERT_GE(opened.back(), 0);
  }
  EXPECT_EQ(*read_process_facts().open_fds, before + 7);
  for (const int descriptor : opened) {
    ::close(descriptor);
  }
  EXPECT_EQ(*read_process_facts().open_fds, before);
}

TEST(ProcessFacts, StartStaysTheSameAndTimeOfTheProcessorGrows) {
  const auto before = read_process_facts();
  volatile double work = 0;
  while (*read_process_facts().cpu_seconds < *before.cpu_seconds + 0.02) {
    for (int i = 0; i < 100000; ++i) {
      work = work + i;
    }
  }
  EXPECT_EQ(read_process_facts().start_time_seconds, before.start_time_seconds);
}

}  // namespace
}  // namespace pgrepl::watch
