#include "session/start_connection.h"

#include "support/scratch_folder.h"

#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace pgrepl::session {
namespace {

class StartConnection : public ::testing::Test {
 protected:
  void SetUp() override {
    conninfo.endpoint = {.host = "127.0.0.1", .port = 1};
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    std::filesystem::create_directory(folder / "directory");
  }

  // The error that a look at the files brings, before anything is sent.
  [[nodiscard]] ConnectError refusal() const {
    auto conn = start_connection(conninfo, {"127.0.0.1"}, {});
    return conn ? ConnectError{.message = "started", .sqlstate = ""} : conn.error();
  }

  testing::ScratchFolder folder;
  std::string pipe = folder / "pipe";
  pg::ConnInfo conninfo;
};

TEST_F(StartConnection, GivesLibpqNoFileThatWouldStopTheLoop) {
  for (const std::string keyword : {"sslcert", "sslkey", "sslrootcert", "sslcrl"}) {
    pg::ConnInfo with_pipe = conninfo;
    with_pipe.set_parameter(keyword, pipe);
    const auto conn = start_connection(with_pipe, {"127.0.0.1"}, {});
    ASSERT_FALSE(conn) << keyword;
    EXPECT_EQ(conn.error().message, keyword + " " + pipe + " is a named pipe, not a regular file");
  }
}

TEST_F(StartConnection, LeavesAFileThatDoesNotExistToLibpq) {
  conninfo.set_parameter("sslcert", folder / "absent");
  conninfo.set_parameter("sslmode", "disable");
  EXPECT_EQ(refusal().message.find("does not exist"), std::string::npos);
}

}  // namespace
}  // namespace pgrepl::session
