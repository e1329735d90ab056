#include "endpoints/negotiation.h"

#include <gtest/gtest.h>

namespace pgrepl::http {
namespace {

TEST(ExpositionFormat, OpenMetricsIsForThoseWhoNameIt) {
  for (const char* accept :
       {"application/openmetrics-text",
        "application/openmetrics-text; version=1.0.0",
        "Application/OpenMetrics-Text;version=\"1.0.0\";charset=utf-8;q=0.5,text/plain;q=0.4",
        // Prometheus 2.42
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;"
        "q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
        "text/plain, application/openmetrics-text; version=1.0.0"}) {
    EXPECT_EQ(exposition_format(accept), ExpositionFormat::OpenMetrics) << accept;
  }
}

TEST(ExpositionFormat, EverybodyElseGetsText) {
  for (const char* accept :
       {"",
        "*/*",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "application/*",
        "application/openmetrics-text; version=0.0.1",
        "application/openmetrics-text; version=2.0.0",
        "application/openmetrics-text; q=0",
        "application/openmetrics-text; q=much",
        "text/plain; version=0.0.4, application/openmetrics-text; q=0.9"}) {
    EXPECT_EQ(exposition_format(accept), ExpositionFormat::Text) << accept;
  }
}

TEST(AcceptsGzip, UnlessItIsNotNamedOrRefused) {
  EXPECT_TRUE(accepts_gzip("gzip"));
  EXPECT_TRUE(accepts_gzip("deflate, GZIP;q=0.5"));
  EXPECT_FALSE(accepts_gzip(""));
  EXPECT_FALSE(accepts_gzip("identity"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0"));
  EXPECT_FALSE(accepts_gzip("x-not-gzip"));
  EXPECT_TRUE(accepts_gzip("gzip ; q=0.001"));
  EXPECT_TRUE(accepts_gzip("br;q=1, gzip"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0.000"));
  EXPECT_FALSE(accepts_gzip("gzip;q="));
  EXPECT_FALSE(accepts_gzip("gzip;q=nan"));
  EXPECT_FALSE(accepts_gzip("gzipx, xgzip, g zip"));
  EXPECT_FALSE(accepts_gzip(",;,=;q"));
}

TEST(ExpositionFormat, NeverDependsOnWhatIsNoList) {
  for (const char* accept :
       {",",
        ";",
        "=",
        ";;q=1",
        "application/openmetrics-text;q=nan",
        "q=1",
        "/",
        "application/openmetrics-text;version=\"1.0.0",
        "application/openmetrics-text x"}) {
    EXPECT_EQ(exposition_format(accept), ExpositionFormat::Text) << accept;
  }
  EXPECT_EQ(
      exposition_format(" application/openmetrics-text ; charset=utf-8 , "),
      ExpositionFormat::OpenMetrics
  );
}

}  // namespace
}  // namespace pgrepl::http
