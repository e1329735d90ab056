// A small catalogue, and answers to its queries.
#pragma once

#include "sampling/queries.h"
#include "session/query_error.h"
#include "support/builders.h"

#include <memory>
#include <string>
#include <vector>

namespace pgrepl::testing {

inline catalogue::Query query_named(const std::string& name, const std::string& sql) {
  catalogue::Query query{.name = name};
  query.runs_on = {catalogue::Role::Primary, catalogue::Role::Standby};
  query.variants = {{{.first = 13}, sql}};
  return query;
}

// tick; often, in every round; hourly; and tables, in the databases "app" and "shop".
inline sampling::SharedQueries few_queries() {
  auto queries = std::make_shared<sampling::Queries>();
  auto tick = query_named("tick", "TICK");
  tick.feeds = catalogue::Feeds::Tick;
  auto hourly = query_named("hourly", "HOURLY");
  hourly.every = std::chrono::hours{1};
  auto tables = query_named("tables", "TABLES");
  tables.per_database = true;
  tables.databases = {"app", "shop"};
  queries->catalogue.queries = {tick, query_named("often", "OFTEN"), hourly, tables};
  return queries;
}

inline pg::ResultSet one_value(const std::string& column, const std::string& value) {
  pg::ResultSet rows{std::vector<std::string>{column}};
  rows.append(value);
  return rows;
}

// What a primary answers to a tick.
inline pg::ResultSet tick_rows(const std::string& position = "0/100") {
  pg::ResultSet rows{std::vector<std::string>{"in_recovery", "server_time", "position"}};
  for (const std::string& value : {std::string{"f"}, std::string{"1700000000"}, position}) {
    rows.append(value);
  }
  return rows;
}

inline session::QueryResult failed_query(session::QueryError error) {
  return Unexpected<session::QueryError>{std::move(error)};
}

inline session::QueryResult refused_query(const std::string& message) {
  return failed_query({.message = message});
}

inline session::QueryResult lost_query() {
  return failed_query({.message = "connection lost", .ends_session = true});
}

inline session::QueryResult given_up_query() {
  return failed_query({.message = "given up", .ends_session = true, .given_up = true});
}

}  // namespace pgrepl::testing
