#include "fetch/response.h"

#include <gtest/gtest.h>

namespace pgrepl::fetch {
namespace {

constexpr std::size_t kLimit = 100;

// "STATUS BODY", or the refusal.
std::string outcome(ResponseReader& reader) {
  auto response = reader.result();
  return response ? std::to_string(response->status) + ' ' + response->body : response.error();
}

std::string read_whole(std::string_view bytes) {
  ResponseReader reader{kLimit};
  if (reader.take(bytes)) {
    reader.close();
  }
  return outcome(reader);
}

// The same bytes, cut at every place and one by one, mean the same.
std::string read(std::string_view bytes) {
  const std::string whole = read_whole(bytes);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ResponseReader reader{kLimit};
    if (reader.take(bytes.substr(0, cut)) && reader.take(bytes.substr(cut))) {
      reader.close();
    }
    EXPECT_EQ(outcome(reader), whole) << "cut at " << cut;
  }
  ResponseReader reader{kLimit};
  bool wants_more = true;
  for (const char byte : bytes) {
    wants_more = wants_more && reader.take({&byte, 1});
  }
  if (wants_more) {
    reader.close();
  }
  EXPECT_EQ(outcome(reader), whole) << "byte by byte";
  return whole;
}

std::string head(std::string_view headers) {
  return "HTTP/1.1 200 OK\r\n" + std::string{headers} + "\r\n";
}

std::string chunked(std::string_view body) {
  return head("Transfer-Encoding: chunked\r\n") + std::string{body};
}

TEST(ResponseReader, EndsWithTheLengthThatWasGiven) {
  EXPECT_EQ(read(head("content-LENGTH:  2 \r\n") + "ok"), "200 ok");
  EXPECT_EQ(read(head("Content-Length: 2\r\n") + "ok, and more"), "200 ok");
  EXPECT_EQ(read(head("Content-Length: 0\r\n")), "200 ");
  EXPECT_EQ(read(head("Content-Length: 2\r\nContent-Length: 2\r\n") + "ok"), "200 ok");
}

TEST(ResponseReader, NeedsNothingAfterACompleteAnswer) {
  ResponseReader reader{kLimit};
  EXPECT_TRUE(reader.take(head("Content-Length: 2\r\n")));
  EXPECT_FALSE(reader.take("ok"));
  EXPECT_EQ(outcome(reader), "200 ok");
}

TEST(ResponseReader, WithoutALengthItEndsWithTheConnection) {
  EXPECT_EQ(read(head("") + "until the end"), "200 until the end");
  EXPECT_EQ(read("HTTP/1.0 200 OK\r\nServer: BaseHTTP/0.6\r\n\r\n{}"), "200 {}");
  EXPECT_EQ(read("HTTP/1.0 200\r\n\r\n"), "200 ");
}

TEST(ResponseReader, PutsChunksTogether) {
  EXPECT_EQ(read(chunked("2\r\nok\r\n0\r\n\r\n")), "200 ok");
  EXPECT_EQ(read(chunked("2\r\nok\r\nA\r\n0123456789\r\n000\r\n\r\n")), "200 ok0123456789");
  EXPECT_EQ(read(chunked("0\r\n\r\n")), "200 ");
  EXPECT_EQ(read(chunked("2 ; name=\"value\";b\r\n\r\n\r\n0;x\r\n\r\n")), "200 \r\n");
}

TEST(ResponseReader, IgnoresTrailers) {
  EXPECT_EQ(read(chunked("2\r\nok\r\n0\r\nContent-Length: 5\r\nX: y\r\n\r\n")), "200 ok");
  EXPECT_EQ(read(chunked("2\r\nok\r\n0\r\nX: y\r\n")), "the answer is cut off");
}

TEST(ResponseReader, GivesTheStatusWhateverItIs) {
  EXPECT_EQ(read("HTTP/1.1 503 No\r\n\r\nwhy"), "503 why");
  EXPECT_EQ(read("HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n"), "404 ");
  EXPECT_EQ(read("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"), "204 ");
  EXPECT_EQ(read("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"), "304 ");
}

TEST(ResponseReader, PassesOverInterimAnswers) {
  EXPECT_EQ(
      read(
          "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" +
          head("Content-Length: 2\r\n") + "ok"
      ),
      "200 ok"
  );
  EXPECT_EQ(
      read("HTTP/1.1 101 Switching Protocols\r\n\r\n"), "the answer changes to another protocol"
  );
}

TEST(ResponseReader, RefusesALengthThatIsGivenInTwoWays) {
  EXPECT_EQ(
      read(head("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n") + "2\r\nok\r\n0\r\n\r\n"),
      "the answer gives its length in two ways"
  );
  EXPECT_EQ(
      read(head("Content-Length: 2\r\nContent-Length: 3\r\n") + "ok"),
      "the answer gives two lengths"
  );
}

TEST(ResponseReader, RefusesWhatIsNoLength) {
  for (const std::string length :
       {"", "-1", "+1", "2 2", "2, 2", "0x2", "1e1", "99999999999999999999"}) {
    EXPECT_EQ(
        read(head("Content-Length: " + length + "\r\n") + "ok"),
        "the answer's Content-Length is no number"
    ) << length;
  }
}

TEST(ResponseReader, RefusesEncodingsThatWereNotAskedFor) {
  for (const std::string header :
       {"Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"}) {
    EXPECT_EQ(read(head(header)), "the answer is sent in an encoding that was not asked for");
  }
  EXPECT_EQ(
      read("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      "the answer is sent in an encoding that was not asked for"
  );
  EXPECT_EQ(
      read(head("Content-Encoding: gzip\r\n") + "x"),
      "the answer is compressed, which was not asked for"
  );
}

TEST(ResponseReader, RefusesMalformedChunks) {
  for (const std::string body :
       {"\r\n",
        "x\r\n",
        "-2\r\nok\r\n",
        "0x2\r\nok\r\n",
        "2\r\nok!\r\n",
        ";\r\n",
        "FFFFFFFFFFFFFFFFF\r\n"}) {
    EXPECT_EQ(read(chunked(body)), "a chunk of the answer is malformed") << body;
  }
  EXPECT_EQ(
      read_whole(chunked("2;" + std::string(ResponseReader::kLongestChunkLine, 'x'))),
      "a chunk of the answer is malformed"
  );
  EXPECT_EQ(read(chunked("2\nok\r\n0\r\n\r\n")), "a line of the answer is malformed");
}

TEST(ResponseReader, RecognisesWhatIsCutOff) {
  EXPECT_EQ(read(""), "the connection was closed without an answer");
  EXPECT_EQ(read("HT"), "the answer is cut off");
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\n"), "the answer is cut off");
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Le"), "the answer is cut off");
  EXPECT_EQ(read(head("Content-Length: 3\r\n") + "ok"), "the answer is cut off");
  EXPECT_EQ(read(chunked("2\r\nok\r\n")), "the answer is cut off");
  EXPECT_EQ(read(chunked("3\r\nok")), "the answer is cut off");
  EXPECT_EQ(read(chunked("2\r\nok\r\n0\r\n")), "the answer is cut off");
}

TEST(ResponseReader, RecognisesWhatIsNoHttp) {
  for (const std::string text :
       {"SSH-2.0-OpenSSH\r\n",
        "SSH-2.0",
        "\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 2000\r\n\r\n",
        "HTTP/1.1 20\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.x 200 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\n\n"}) {
    EXPECT_EQ(read(text), "the answer is not HTTP") << text;
  }
}

TEST(ResponseReader, RefusesMalformedHeaders) {
  for (const std::string header :
       {"no colon\r\n", ": no name\r\n", "Content-Length : 2\r\n", " folded: line\r\n"}) {
    EXPECT_EQ(read(head(header)), "a header of the answer is malformed") << header;
  }
  EXPECT_EQ(read(head("X: a\rb\r\n")), "a line of the answer is malformed");
  EXPECT_EQ(read(head("X: a\nY: b\r\n")), "a line of the answer is malformed");
}

TEST(ResponseReader, BoundsTheHeadAndTheTrailers) {
  const std::string line = "X: " + std::string(1'000, 'x') + "\r\n";
  std::string lines;
  for (int i = 0; i < 70; ++i) {
    lines += line;
  }
  EXPECT_EQ(read_whole(head(lines)), "the head of the answer is too long");
  EXPECT_EQ(
      read_whole("HTTP/1.1 200 " + std::string(70'000, 'x')), "the head of the answer is too long"
  );
  EXPECT_EQ(read_whole(chunked("0\r\n" + lines + "\r\n")), "the head of the answer is too long");
  std::string interim;
  for (int i = 0; i < 4'000; ++i) {
    interim += "HTTP/1.1 100 Go\r\n\r\n";
  }
  EXPECT_EQ(read_whole(interim), "the head of the answer is too long");
}

TEST(ResponseReader, TakesABodyAsLargeAsTheLimitAndNoLarger) {
  const std::string most(kLimit, 'x');
  const std::string too_large = "the answer is larger than 100 bytes";
  EXPECT_EQ(read(head("Content-Length: 100\r\n") + most), "200 " + most);
  EXPECT_EQ(read(head("Content-Length: 101\r\n")), too_large) << "before the body comes";
  EXPECT_EQ(read(head("Content-Length: 18446744073709551615\r\n")), too_large);
  EXPECT_EQ(read(head("") + most), "200 " + most);
  EXPECT_EQ(read(head("") + most + 'x'), too_large);
  EXPECT_EQ(read(chunked("64\r\n" + most + "\r\n0\r\n\r\n")), "200 " + most);
  EXPECT_EQ(read(chunked("63\r\n" + most.substr(1) + "\r\n2\r\n")), too_large);
  EXPECT_EQ(read(chunked("FFFFFFFFFFFFFFFF\r\n")), too_large);
}

TEST(ResponseReader, HasNoResultBeforeTheEnd) {
  ResponseReader reader{kLimit};
  EXPECT_TRUE(reader.take(head("Content-Length: 2\r\n") + "o"));
  EXPECT_EQ(outcome(reader), "the answer is cut off");
}

}  // namespace
}  // namespace pgrepl::fetch
