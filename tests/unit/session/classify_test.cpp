#include "session/classify.h"

#include <cerrno>

#include <gtest/gtest.h>

namespace pgrepl::session {
namespace {

using pg::FailureReason;

struct Case {
  const char* text;
  FailureReason reason;
};

class ClassifyConnectFailure : public ::testing::TestWithParam<Case> {};

TEST_P(ClassifyConnectFailure, KnowsTheReason) {
  EXPECT_EQ(classify_connect_failure(GetParam().text).reason, GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    ClassifyConnectFailure,
    ::testing::Values(
        Case{
            "connection to server at \"::1\", port 5 failed: Connection refused\n\tIs the server",
            FailureReason::Refused},
        Case{
            "connection to server at \"h\" failed: FATAL:  28P01: password authentication failed "
            "for user \"m\"\nLOCATION:  auth_failed, auth.c:326\n",
            FailureReason::Auth},
        Case{
            "failed: SCHWERWIEGEND:  57P03: das Datenbanksystem startet\n",
            FailureReason::StartingUp},
        Case{
            "failed: FATAL:  53300: sorry, too many clients already\n",
            FailureReason::TooManyConnections},
        Case{"failed: FATAL:  57P01: terminating connection\n", FailureReason::ShuttingDown},
        Case{"failed: SSL error: certificate verify failed\n", FailureReason::Tls},
        Case{"failed: root certificate file \"/ca.pem\" does not exist\n", FailureReason::Tls},
        Case{"failed: fe_sendauth: no password supplied\n", FailureReason::Auth},
        Case{"could not translate host name \"x\" to address: unknown\n", FailureReason::Dns},
        Case{"failed: timeout expired\n", FailureReason::Timeout},
        Case{"failed: something new\n", FailureReason::Other},
        Case{"", FailureReason::Other}
    )
);

TEST(ClassifyConnectFailure, OfSeveralAddressesTheOneThatAnsweredCounts) {
  const auto error = classify_connect_failure(
      "connection to server at \"::1\", port 1 failed: Connection refused\n"
      "\tIs the server running on that host and accepting TCP/IP connections?\n"
      "connection to server at \"127.0.0.1\", port 1 failed: FATAL:  28000: no pg_hba.conf entry\n"
  );
  EXPECT_EQ(error.reason, FailureReason::Auth);
  EXPECT_EQ(error.sqlstate, "28000");
  EXPECT_EQ(
      error.message,
      "connection to server at \"127.0.0.1\", port 1 failed: FATAL:  no pg_hba.conf entry"
  );
}

TEST(ClassifyConnectFailure, SilenceOfLibpqIsFilledByTheSystemsReason) {
  const auto error = classify_connect_failure("", EMFILE);
  EXPECT_EQ(error.message, "connecting failed: Too many open files");
  EXPECT_EQ(error.reason, FailureReason::Other);
  EXPECT_EQ(classify_connect_failure(" \n", ECONNREFUSED).reason, FailureReason::Refused);
}

TEST(ClassifyConnectFailure, MessageIsNeverEmpty) {
  EXPECT_EQ(
      classify_connect_failure("").message, "connecting failed: libpq and the system give no reason"
  );
}

TEST(FailureMessage, KeepsTheWordsOfLibpq) {
  EXPECT_EQ(failure_message("\nno more \nrest", "reading", EMFILE), "no more");
  EXPECT_EQ(failure_message("", "reading", EPIPE), "reading failed: Broken pipe");
}

TEST(FirstLine, IsTrimmed) {
  EXPECT_EQ(first_line("  a b \r\n c"), "a b");
  EXPECT_EQ(first_line("\n\n"), "");
}

}  // namespace
}  // namespace pgrepl::session
