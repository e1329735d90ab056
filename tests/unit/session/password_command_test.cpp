// Real programs: what they print, and how they end.
#include "session/password_command.h"

#include "support/scratch_folder.h"
#include "support/wait_until.h"

#include <chrono>
#include <csignal>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pgrepl::session {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

std::string password_of(const std::string& script, std::chrono::milliseconds time = 10s) {
  const Brought brought = run_password_command({"/bin/sh", "-c", script}, time);
  return brought ? brought->front() : "error: " + brought.error();
}

TEST(PasswordCommand, PrintsThePassword) {
  EXPECT_EQ(password_of("echo 'a b'"), "a b");
  EXPECT_EQ(password_of("printf 'token\\r\\n\\n'"), "token");
  EXPECT_EQ(password_of("printf ' leading and trailing '"), " leading and trailing ");
}

TEST(PasswordCommand, SaysHowItFailedAndNothingThatItPrinted) {
  EXPECT_EQ(
      password_of("echo hidden; echo hidden >&2; exit 3"),
      "error: password_command /bin/sh ended with status 3"
  );
  EXPECT_EQ(
      password_of("echo hidden; kill -KILL $$"),
      "error: password_command /bin/sh was ended by signal 9"
  );
  EXPECT_EQ(password_of("true"), "error: password_command /bin/sh prints nothing");
  EXPECT_EQ(
      password_of("printf 'a\\0b'"),
      "error: password_command /bin/sh prints a zero byte, which no password has"
  );
  EXPECT_EQ(
      password_of("head -c 70000 /dev/zero"),
      "error: password_command /bin/sh prints more than 65536 bytes"
  );
  EXPECT_EQ(
      run_password_command({"/nowhere/token"}, 1s).error(),
      "password_command /nowhere/token cannot be started: No such file or directory"
  );
}

TEST(PasswordCommand, ThatTakesTooLongIsEndedWithAllThatItStarted) {
  const testing::ScratchFolder folder;
  const std::string file = folder / "pid";
  EXPECT_EQ(
      password_of("sleep 600 & echo $! > " + file + "; wait", 200ms),
      "error: password_command /bin/sh did not end in time"
  );
  pid_t grandchild = 0;
  std::ifstream{file} >> grandchild;
  ASSERT_GT(grandchild, 0);
  EXPECT_TRUE(testing::wait_until([&] { return kill(grandchild, 0) != 0; }));
}

TEST(PasswordCommand, ThatClosesItsOutputMustEndAsWell) {
  EXPECT_EQ(
      password_of("echo hidden; exec >&-; sleep 600", 200ms),
      "error: password_command /bin/sh did not end in time"
  );
}

TEST(PasswordCommand, HasNoInputAndNoneOfOurFiles) {
  const std::string open = password_of("ls /proc/self/fd | tr '\\n' ' '");
  EXPECT_TRUE(open == "0 1 2 3 ") << open;  // 3 is the folder that ls reads
  EXPECT_EQ(password_of("cat; echo done"), "done");
}

TEST(PasswordCommand, IsToldWhereItIsFor) {
  pg::ConnInfo conninfo{.endpoint = {.host = "db", .port = 6000}};
  conninfo.set_parameter("user", "monitor");
  conninfo.password_command = {
      "/bin/token", "--at={host}:{port}", "{user}", "{dbname}", "{host}{host}"};
  EXPECT_THAT(
      expand_password_command(conninfo),
      ElementsAre("/bin/token", "--at=db:6000", "monitor", "", "dbdb")
  );
  conninfo.endpoint.host = "{port}";
  conninfo.password_command = {"/bin/{host}", "{host}"};
  EXPECT_THAT(expand_password_command(conninfo), ElementsAre("/bin/{host}", "{port}"));
}

}  // namespace
}  // namespace pgrepl::session
