#include "pg/conninfo.h"

#include <ostream>
#include <type_traits>

#include <gtest/gtest.h>

namespace pgrepl::pg {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};

static_assert(!Printable<Secret>);
static_assert(!std::is_convertible_v<Secret, std::string>);

TEST(Endpoint, IsPrintedWithBracketsAroundAnIpv6Address) {
  EXPECT_EQ(to_string(Endpoint{.host = "db", .port = 5433}), "db:5433");
  EXPECT_EQ(to_string(Endpoint{.host = "fe80::1"}), "[fe80::1]:5432");
  EXPECT_EQ(to_string(Endpoint{.host = "/run/postgresql"}), "/run/postgresql:5432");
}

TEST(ConnInfo, AParameterIsAddedOrReplaced) {
  ConnInfo conninfo;
  EXPECT_EQ(conninfo.parameter("user"), std::nullopt);
  conninfo.set_parameter("user", "a");
  conninfo.set_parameter("user", "b");
  EXPECT_EQ(conninfo.parameter("user"), "b");
  EXPECT_EQ(conninfo.parameters.size(), 1U);
}

}  // namespace
}  // namespace pgrepl::pg
