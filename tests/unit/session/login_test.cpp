// How a login ends, whatever the peer does in its course.
#include "support/scratch_folder.h"
#include "wire_scene.h"

namespace pgrepl::session {
namespace {

using pg::FailureReason;

class Login : public WireScene {};

TEST_F(Login, SaysWhoItIsAndPinsWhatStatementsDependOn) {
  const auto open = connected();
  EXPECT_TRUE(open->is_open());
  EXPECT_EQ(open->version(), pg::ServerVersion{150004});
  EXPECT_EQ(open->addresses(), std::vector<std::string>{"127.0.0.1"});
  EXPECT_EQ(server.startup().at("user"), "monitor");
  EXPECT_EQ(server.startup().at("database"), "postgres");
  EXPECT_EQ(server.startup().at("application_name"), "pg_replication_exporter");
  EXPECT_EQ(server.startup().at("client_encoding"), "UTF8");
  EXPECT_FALSE(server.startup().contains("options")) << "poolers refuse it";
  EXPECT_EQ(server.times("Query SET default_transaction_isolation"), 1U);
}

TEST_F(Login, PinsTheTimesOfTheConfiguration) {
  const auto made =
      session({.connect_timeout = 5s, .statement_timeout = 1234ms, .lock_timeout = 7ms});
  ASSERT_TRUE(finish(made->connect()));
  const std::string& sql = server.heard().back();
  EXPECT_NE(sql.find("SET statement_timeout = '1234ms';"), std::string::npos) << sql;
  EXPECT_NE(sql.find("SET lock_timeout = '7ms';"), std::string::npos) << sql;
  EXPECT_NE(sql.find("SET default_transaction_read_only = on;"), std::string::npos) << sql;
  EXPECT_NE(sql.find("SET search_path = pg_catalog;"), std::string::npos) << sql;
}

TEST_F(Login, ReadsTheVersionOfAnyServer) {
  const std::vector<std::pair<std::string, int>> versions{
      {"9.6.24", 90624}, {"13.23 (Debian 13.23-1.pgdg12+1)", 130023}, {"19beta1", 190000}};
  for (const auto& [text, number] : versions) {
    server.login = testing::WireServer::welcome(text);
    EXPECT_EQ(connected()->version(), pg::ServerVersion{number}) << text;
  }
}

TEST_F(Login, WorksWhenEachByteComesAlone) {
  server.byte_by_byte = true;
  const auto open = connected();
  EXPECT_EQ(only_value(run(*open, {"SELECT 1"})[0]), "1");
}

TEST_F(Login, NoticesAndParametersInItsMiddleChangeNothing) {
  server.login = wire::authentication(0) + wire::report('N', "WARNING", "01000", "collation") +
                 wire::parameter_status("in_hot_standby", "on") +
                 testing::WireServer::welcome().substr(wire::authentication(0).size());
  EXPECT_TRUE(connected()->is_open());
}

TEST_F(Login, RefusalIsToldBySqlstateWhateverTheLanguage) {
  struct Case {
    std::string sqlstate;
    std::string words;
    FailureReason reason;
  };

  const std::vector<Case> cases{
      {"28P01", "Passwort-Authentifizierung fehlgeschlagen", FailureReason::Auth},
      {"28000", "no pg_hba.conf entry", FailureReason::Auth},
      {"53300", "sorry, too many clients already", FailureReason::TooManyConnections},
      {"57P03", "the database system is starting up", FailureReason::StartingUp},
      {"57P03", "the database system is shutting down", FailureReason::ShuttingDown},
      {"3D000", "database \"postgres\" does not exist", pg::classify_sql_state("3D000")},
  };
  for (const Case& one : cases) {
    server.login = wire::fatal(one.sqlstate, one.words);
    const ConnectError error = refusal();
    EXPECT_EQ(error.reason, one.reason) << one.words;
    EXPECT_EQ(error.sqlstate, one.sqlstate);
    EXPECT_NE(error.message.find(one.words), std::string::npos) << error.message;
    EXPECT_EQ(error.message.find('\n'), std::string::npos);
    EXPECT_FALSE(error.given_up);
  }
}

TEST_F(Login, APasswordThatIsAskedForAndNotThereIsAuth) {
  server.login = wire::authentication(3);
  const ConnectError error = refusal();
  EXPECT_EQ(error.reason, FailureReason::Auth);
  EXPECT_NE(error.message.find("no password supplied"), std::string::npos) << error.message;
}

TEST_F(Login, APasswordFileIsReadAtEachLogin) {
  testing::ScratchFolder folder;
  pg::ConnInfo with_file = conninfo();
  with_file.password_file = folder / "absent";
  PipelineSession made{loop, resolver, with_file, kOptions};
  const ConnectError error = refusal(made);
  EXPECT_EQ(error.reason, FailureReason::Auth);
  EXPECT_EQ(error.message, "the password file " + (folder / "absent") + " does not exist");
  EXPECT_EQ(server.connections(), 0U);
  folder.write("absent", "secret\n");
  EXPECT_TRUE(finish(made.connect()));
}

TEST_F(Login, APeerThatIsNoPostgresIsAnErrorInOneLine) {
  server.login = "HTTP/1.1 400 Bad Request\r\n\r\n";
  const ConnectError error = refusal();
  EXPECT_FALSE(error.message.empty());
  EXPECT_EQ(error.message.find('\n'), std::string::npos);
  EXPECT_EQ(error.sqlstate, "");
}

TEST_F(Login, NobodyListeningIsRefused) {
  const auto made = session();
  server.stop_listening();
  const ConnectError error = refusal(*made);
  EXPECT_EQ(error.reason, FailureReason::Refused);
  EXPECT_NE(error.message.find("Connection refused"), std::string::npos) << error.message;
}

TEST_F(Login, ADoorThatIsSlammedIsRefused) {
  server.slams_the_door = true;
  EXPECT_EQ(refusal().reason, FailureReason::Refused);
}

// The whole conversation of a login, cut after each of its bytes.
TEST_F(Login, CutAfterAnyByteIsAnErrorAndLeavesNothingOpen) {
  const auto whole = connected();
  const std::size_t bytes = server.sent();
  ASSERT_GT(bytes, 100U);
  for (std::size_t sent = 0; sent < bytes; ++sent) {
    server.cut_after = sent;
    const ConnectError error = refusal();
    ASSERT_FALSE(error.message.empty()) << "after " << sent;
    ASSERT_FALSE(error.given_up) << "after " << sent;
    ASSERT_NE(error.reason, FailureReason::Timeout) << "after " << sent;
  }
}

TEST_F(Login, SilenceAtAnyStepEndsAtConnectTimeout) {
  for (const char* step : {"startup", "Query SELECT", "Query SET"}) {
    server.mute = false;
    server.when_heard = [&](const std::string& heard) {
      server.mute = server.mute || heard.starts_with(step);
    };
    const auto made = session();
    const auto pending = start(made->connect());
    run_until([&] { return server.mute; });
    pass(4999ms);
    EXPECT_FALSE(pending->ended) << step;
    pass(1ms);
    const auto result = finish(pending);
    ASSERT_FALSE(result) << step;
    EXPECT_EQ(result.error().reason, FailureReason::Timeout);
    EXPECT_EQ(result.error().message, "no connection within connect_timeout");
    EXPECT_FALSE(made->is_open());
  }
}

TEST_F(Login, TheTimeoutIsOneForAllSteps) {
  server.when_heard = [&](const std::string& heard) {
    server.mute = server.mute || heard == "startup" || heard.starts_with("Query");
  };
  const auto made = session();
  const auto pending = start(made->connect());
  run_until_heard("startup");
  pass(3s);
  server.speak();
  run_until_heard("Query");
  pass(1999ms);
  EXPECT_FALSE(pending->ended);
  pass(1ms);
  EXPECT_EQ(finish(pending).error().reason, FailureReason::Timeout);
}

TEST_F(Login, ClosedByUsAtAnyStepIsGivenUp) {
  for (const char* step : {"startup", "Query SELECT", "Query SET"}) {
    server.mute = false;
    server.when_heard = [&](const std::string& heard) {
      server.mute = server.mute || heard.starts_with(step);
    };
    const auto made = session();
    const auto pending = start(made->connect());
    run_until([&] { return server.mute; });
    made->close();
    const auto result = finish(pending);
    ASSERT_FALSE(result) << step;
    EXPECT_TRUE(result.error().given_up) << step;
    EXPECT_EQ(result.error().message, "given up while it connected");
    EXPECT_FALSE(made->is_open());
  }
}

TEST_F(Login, ClosedByUsInTheVeryStepInWhichItWorksIsGivenUp) {
  const auto made = session();
  server.when_heard = [&](const std::string& heard) {
    if (heard.starts_with("Query SET")) {
      server.send(wire::command_complete("SET") + wire::ready_for_query());
      made->close();
    }
  };
  const auto result = finish(made->connect());
  ASSERT_FALSE(result);
  EXPECT_TRUE(result.error().given_up);
}

TEST_F(Login, ASettingThatIsRefusedIsToldAsTheServerSaysIt) {
  server.when_heard = [&](const std::string& heard) {
    if (heard.starts_with("Query SET")) {
      server.answers[heard.substr(6)] = wire::error("42501", "permission denied to set parameter");
    }
  };
  const ConnectError error = refusal();
  EXPECT_EQ(error.sqlstate, "42501");
  EXPECT_EQ(error.message, "permission denied to set parameter");
  EXPECT_FALSE(error.given_up);
}

TEST_F(Login, SettingsThatAreAnsweredByCopyAreNoLogin) {
  server.when_heard = [&](const std::string& heard) {
    if (heard.starts_with("Query SET")) {
      server.answers[heard.substr(6)] = wire::copy_out_response();
    }
  };
  const ConnectError error = refusal();
  EXPECT_NE(error.message.find("COPY"), std::string::npos) << error.message;
  EXPECT_FALSE(error.given_up) << "it was the server, not we";
}

TEST_F(Login, AServerWithoutTlsIsToldByItsOwnReason) {
  PipelineSession made{loop, resolver, conninfo("require"), kOptions};
  const ConnectError error = refusal(made);
  EXPECT_EQ(error.reason, FailureReason::Tls);
  EXPECT_EQ(server.times("startup"), 0U) << "nothing is said in the clear";
}

TEST_F(Login, PreferGoesOnWithoutTls) {
  PipelineSession made{loop, resolver, conninfo("prefer"), kOptions};
  EXPECT_TRUE(finish(made.connect()));
  EXPECT_EQ(server.times("SSLRequest"), 1U);
  EXPECT_EQ(server.times("startup"), 1U);
}

// CVE-2021-23222: a man in the middle adds bytes, to be taken for the server's once TLS stands.
TEST_F(Login, BytesBehindTheAnswerToSslrequestAreNoLogin) {
  server.ssl_answer = "S" + testing::WireServer::welcome();
  PipelineSession made{loop, resolver, conninfo("require"), kOptions};
  const auto pending = start(made.connect());
  run_until([&] { return server.sent() == server.ssl_answer.size(); });
  pass(5s);
  EXPECT_FALSE(finish(pending));
  EXPECT_FALSE(made.is_open());
  EXPECT_EQ(server.times("startup"), 0U) << "nothing is said in the clear";
}

TEST_F(Login, AServerThatPromisesTlsAndHangsUpIsNoLogin) {
  server.ssl_answer = "S";
  server.when_heard = [&](const std::string& heard) {
    if (heard == "SSLRequest") {
      server.cut_after = 1;
    }
  };
  PipelineSession made{loop, resolver, conninfo("require"), kOptions};
  EXPECT_FALSE(refusal(made).message.empty());
}

TEST_F(Login, ConnectingAgainClosesWhatWasOpen) {
  const auto open = connected();
  ASSERT_TRUE(finish(open->connect()));
  run_until_heard("Terminate");
  EXPECT_EQ(server.connections(), 2U);
  EXPECT_TRUE(open->is_open());
}

TEST_F(Login, AfterAFailureTheNextOneWorks) {
  server.login = wire::fatal("57P03", "the database system is starting up");
  const auto made = session();
  EXPECT_EQ(refusal(*made).reason, FailureReason::StartingUp);
  server.login = testing::WireServer::welcome();
  EXPECT_TRUE(finish(made->connect()));
  EXPECT_EQ(only_value(run(*made, {"SELECT 1"})[0]), "1");
}

TEST_F(Login, APoolerIsToldByTheProcessThatServesUs) {
  EXPECT_FALSE(connected()->is_pooled());
  server.answers["SELECT pg_catalog.pg_backend_pid()"] = wire::one("1");
  const auto made = connected();
  EXPECT_TRUE(made->is_pooled());
  EXPECT_EQ(server.heard().back(), "Query COMMIT") << "nothing is set on a shared connection";
}

TEST_F(Login, APoolerWithoutTransactionsIsNoLogin) {
  server.answers["SELECT pg_catalog.pg_backend_pid()"] = wire::one("1");
  server.answers["BEGIN READ ONLY"] = wire::error("08P01", "transaction blocks not allowed");
  EXPECT_EQ(refusal().reason, FailureReason::Pooler);
}

TEST_F(Login, ALongAnswerToALoginIsTooLarge) {
  PipelineSession made{loop, resolver, conninfo(), kOptions};
  const std::string notice = wire::report('N', "NOTICE", "00000", std::string(8000, 'x'));
  for (int i = 0; i < 300; ++i) {
    server.login.insert(wire::authentication(0).size(), notice);
  }
  EXPECT_EQ(refusal(made).reason, FailureReason::TooLarge);
}

TEST_F(Login, DestroyedInMidLoginNothingIsLeft) {
  server.mute = true;
  auto made = session();
  const auto pending = start(made->connect());
  run_until_heard("startup");
  made->close();
  EXPECT_TRUE(finish(pending).error().given_up);
  made.reset();
  run_until_heard("end");
}

}  // namespace
}  // namespace pgrepl::session
