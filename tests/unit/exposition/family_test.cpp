#include "exposition/family.h"

#include "exposition/exposition.h"
#include "metrics/query_families.h"

#include <limits>

#include <gtest/gtest.h>

namespace pgrepl::metrics {
namespace {

using prometheus::MetricType;

std::string text_of(Families families) {
  return render(std::move(families).take());
}

TEST(Families, SamplesOfOneNameAreOneFamilyInTheirOrder) {
  Families families;
  families.add("b", MetricType::Gauge, "B", {{"x", "1"}}, 1);
  families.add("a", MetricType::Counter, "A", {}, 2);
  families.add("b", MetricType::Gauge, "ignored", {{"x", "2"}}, 3);
  EXPECT_EQ(
      text_of(std::move(families)),
      "# HELP b B\n# TYPE b gauge\nb{x=\"1\"} 1\nb{x=\"2\"} 3\n"
      "# HELP a A\n# TYPE a counter\na 2\n"
  );
}

TEST(Families, SampleWithTheLabelsOfAnotherIsDroppedAndCounted) {
  Families families;
  EXPECT_TRUE(families.add("a", MetricType::Gauge, "A", {{"x", "1"}, {"y", "2"}}, 1));
  EXPECT_FALSE(families.add("a", MetricType::Gauge, "A", {{"y", "2"}, {"x", "1"}}, 2));
  EXPECT_EQ(text_of(std::move(families)), "# HELP a A\n# TYPE a gauge\na{x=\"1\",y=\"2\"} 1\n");
}

TEST(Families, LabelsAreTheSameOnlyAsAWhole) {
  Families families;
  EXPECT_TRUE(families.add("a", MetricType::Gauge, "A", {{"x", "1,y=2"}, {"y", "2"}}, 1));
  EXPECT_TRUE(families.add("a", MetricType::Gauge, "A", {{"x", "1"}, {"y", "2"}}, 2));
  EXPECT_TRUE(families.add("a", MetricType::Gauge, "A", {{"x", "2"}, {"y", "1"}}, 3));
  EXPECT_TRUE(families.add("a", MetricType::Gauge, "A", {{"x", "1"}}, 4));
  EXPECT_TRUE(families.add("a", MetricType::Gauge, "A", {}, 5));
  EXPECT_TRUE(families.add("b", MetricType::Gauge, "B", {{"x", "1"}}, 6));
  EXPECT_FALSE(families.add("a", MetricType::Gauge, "A", {}, 7));
  EXPECT_FALSE(families.add("a", MetricType::Gauge, "A", {{"y", "2"}, {"x", "1,y=2"}}, 8));
}

TEST(Families, NumberAmongHistogramsIsDropped) {
  Families families;
  EXPECT_TRUE(families.add_histogram("a", "A", {{"x", "1"}}, {}));
  EXPECT_FALSE(families.add_histogram("a", "A", {{"x", "1"}}, {}));
  EXPECT_FALSE(families.add("a", MetricType::Gauge, "A", {{"x", "2"}}, 1));
  EXPECT_TRUE(families.add("b", MetricType::Gauge, "B", {}, 1));
  EXPECT_FALSE(families.add_histogram("b", "B", {{"x", "1"}}, {}));
}

TEST(Families, HostileTextCannotBreakThePage) {
  Families families;
  families.add("a", MetricType::Gauge, "one\ntwo\\n", {{"x", "q\"b\\s\nn"}}, 1);
  EXPECT_EQ(
      text_of(std::move(families)),
      "# HELP a one two n\n# TYPE a gauge\na{x=\"q\\\"b\\\\s\\nn\"} 1\n"
  );
}

catalogue::Query query() {
  using catalogue::ColumnUsage;
  catalogue::Query made{.name = "q"};
  made.columns = {
      {"mode", ColumnUsage::Label, "", "mode"},
      {"n", ColumnUsage::Gauge, "N", "pg_q_n"},
      {"noise", ColumnUsage::Discard, "", ""},
  };
  return made;
}

std::string page_of(std::vector<std::array<std::optional<std::string>, 3>> values) {
  pg::ResultSet rows{{"noise", "n", "mode"}};
  for (const auto& row : values) {
    for (const auto& value : row) {
      rows.append(value);
    }
  }
  Families families;
  add_query_families(query(), rows, {{"server", "s"}}, families);
  return text_of(std::move(families));
}

constexpr const char* kHead = "# HELP pg_q_n N\n# TYPE pg_q_n gauge\n";

TEST(QueryFamilies, ColumnsBecomeLabelsAndValues) {
  EXPECT_EQ(
      page_of({{"x", "1.5", "a"}, {"x", "2", "b"}}),
      std::string{kHead} +
          "pg_q_n{server=\"s\",mode=\"a\"} 1.5\npg_q_n{server=\"s\",mode=\"b\"} 2\n"
  );
}

TEST(QueryFamilies, NullIsAbsentAndAnEmptyLabel) {
  EXPECT_EQ(
      page_of({{"x", std::nullopt, "a"}, {"x", "3", std::nullopt}}),
      std::string{kHead} + "pg_q_n{server=\"s\",mode=\"\"} 3\n"
  );
}

TEST(QueryFamilies, BooleansAndInfinitiesAreNumbersAndTextIsNot) {
  EXPECT_EQ(
      page_of({{"", "t", "a"}, {"", "f", "b"}, {"", "Infinity", "c"}, {"", "words", "d"}}),
      std::string{kHead} +
          "pg_q_n{server=\"s\",mode=\"a\"} 1\npg_q_n{server=\"s\",mode=\"b\"} 0\n"
          "pg_q_n{server=\"s\",mode=\"c\"} +Inf\n"
  );
}

TEST(Families, HelpIsOneLineOfUtf8AndBounded) {
  Families families;
  families.add("a", MetricType::Gauge, "x\xFF\ny", {}, 1);
  families.add("b", MetricType::Gauge, std::string(5000, 'h'), {}, 1);
  const std::string text = text_of(std::move(families));
  EXPECT_TRUE(text.starts_with("# HELP a x\xEF\xBF\xBD y\n"));
  EXPECT_NE(text.find(std::string(1021, 'h') + "\xE2\x80\xA6\n"), std::string::npos);
}

}  // namespace
}  // namespace pgrepl::metrics
