#include "sbc/sip/multipart.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace dw;
using namespace dw::sip;

namespace {

constexpr std::string_view kType = "multipart/mixed;boundary=uniqueBoundary";
// As a Cisco phone sends a conference request with its datapassthrough part.
constexpr std::string_view kBody =
    "--uniqueBoundary\r\n"
    "Content-Type: application/x-cisco-remotecc-request+xml\r\n"
    "Content-Disposition: session;handling=required\r\n"
    "\r\n"
    "<x-cisco-remotecc-request/>\r\n"
    "--uniqueBoundary\r\n"
    "content-type :\tapplication/sdp\r\n"
    "Content-Length: 5\r\n"
    "\r\n"
    "v=0\r\n"
    "\r\n"
    "--uniqueBoundary--\r\n";

Multipart parts_of(std::string_view type, std::string_view body) {
  const auto out = parse_multipart(type, body);
  REQUIRE(out);
  return *out;
}

Errc error_of(std::string_view type, std::string_view body) {
  const auto out = parse_multipart(type, body);
  REQUIRE_FALSE(out);
  return out.error().code;
}

}  // namespace

TEST_CASE("a multipart body has the parts that its boundary divides") {
  const Multipart all = parts_of(kType, kBody);
  REQUIRE(all.parts().size() == 2);
  const BodyPart& xml = all.parts()[0];
  CHECK(xml.headers ==
        "Content-Type: application/x-cisco-remotecc-request+xml\r\nContent-Disposition: "
        "session;handling=required\r\n");
  CHECK(xml.content_type == "application/x-cisco-remotecc-request+xml");
  CHECK(xml.content_disposition == "session;handling=required");
  CHECK(xml.content_length.empty());
  CHECK(xml.body == "<x-cisco-remotecc-request/>");
  const BodyPart& sdp = all.parts()[1];
  CHECK(sdp.content_type == "application/sdp");
  CHECK(sdp.content_disposition.empty());
  CHECK(sdp.content_length == "5");
  CHECK(sdp.body == "v=0\r\n");
  for (const BodyPart& part : all.parts())
    CHECK(kBody.substr(part.offset, part.body.size()) == part.body);
}

TEST_CASE("a boundary comes quoted or not, anywhere among the parameters") {
  constexpr std::string_view kBoth = "--a;b\r\n\r\nx\r\n--a;b--";
  CHECK(parts_of("Multipart/Mixed; type=\"t;boundary=no\"; BOUNDARY=\"a;b\" ;z=1", kBoth).parts()[0].body == "x");
  CHECK(parts_of("multipart/related ; boundary = q\r\n ;x=y", "--q\n\nx\n--q--\n").parts()[0].body == "x");
  CHECK(error_of("multipart/mixed", kBody) == Errc::malformed);
  CHECK(error_of("multipart/mixed;boundary=", kBody) == Errc::malformed);
  CHECK(error_of("multipart/mixed;boundary=\"uniqueBoundary", kBody) == Errc::malformed);
  CHECK(error_of("multipart/mixed;boundary", kBody) == Errc::malformed);
  CHECK(error_of("multipart/mixed;boundary=\"a\\\"b\"", kBody) == Errc::malformed);
  CHECK(error_of("application/sdp;boundary=x", kBody) == Errc::unsupported);
  CHECK(error_of("multipart/mixed;boundary=" + std::string(kMaxBoundary + 1, 'b'), kBody) == Errc::too_long);
  const std::string longest(kMaxBoundary, 'b');
  CHECK(parts_of("multipart/mixed;boundary=" + longest, "--" + longest + "\r\n\r\n--" + longest + "--").count == 1);
}

TEST_CASE("preamble, epilogue and lines that only begin like the boundary are no delimiters") {
  constexpr std::string_view kTricky =
      "ignored\r\n --b\r\n"
      "--b \t\r\n"
      "\r\n"
      "--bc\r\n"
      "--b-\r\n"
      " --b\r\n"
      "--b\r\n"
      "A: 1\r\n"
      "Content-Type: text/\r\n"
      " plain\r\n"
      "\r\n"
      "\r\n"
      "--b--\r\n"
      "--b\r\n"
      "after\r\n";
  const Multipart all = parts_of("multipart/mixed;boundary=b", kTricky);
  REQUIRE(all.parts().size() == 2);
  CHECK(all.parts()[0].headers.empty());
  CHECK(all.parts()[0].content_type.empty());
  CHECK(all.parts()[0].body == "--bc\r\n--b-\r\n --b");
  CHECK(all.parts()[1].content_type == "text/\r\n plain");
  CHECK(all.parts()[1].body.empty());
}

TEST_CASE("a nested multipart part is one part") {
  constexpr std::string_view kNested =
      "--o\r\nContent-Type: multipart/mixed;boundary=i\r\n\r\n--i\r\n\r\nx\r\n--i--\r\n--o--\r\n";
  const Multipart all = parts_of("multipart/mixed;boundary=o", kNested);
  REQUIRE(all.parts().size() == 1);
  CHECK(all.parts()[0].body == "--i\r\n\r\nx\r\n--i--");
  CHECK(is_multipart(all.parts()[0].content_type));
}

TEST_CASE("a closing delimiter may be missing, or be one of those between parts") {
  const std::size_t closes = kBody.size() - 4;  // before its "--"
  CHECK(parts_of(kType, kBody.substr(0, closes)).count == 2);
  CHECK(parts_of(kType, std::string(kBody.substr(0, closes)) + "\r\n \r\n").count == 2);
  const Multipart open =
      parts_of("multipart/mixed;boundary=b", "--b\r\n\r\nx\r\n--b\r\nc: application/sdp\r\n\r\nv=0\r\n");
  REQUIRE(open.count == 2);
  CHECK(open.parts()[1].body == "v=0\r\n");
  CHECK(open.parts()[1].content_type == "application/sdp");
  CHECK(error_of("multipart/mixed;boundary=b", "--b\r\nA: 1\r\n--b--") == Errc::malformed);
  CHECK(error_of("multipart/mixed;boundary=b", "--b\r\nA: 1\r\n") == Errc::malformed);
  CHECK(error_of("multipart/mixed;boundary=b", "v=0\r\n") == Errc::malformed);
}

TEST_CASE("each beginning of a body is read, or refused, and says no more than the whole") {
  for (std::size_t n = 0; n < kBody.size(); ++n) {
    const std::string prefix(kBody.substr(0, n));
    const auto out = parse_multipart(kType, prefix);
    if (out) CHECK(out->count <= 2);
  }
}

TEST_CASE("fields of a part in their compact form, and fields that contradict each other") {
  const Multipart all = parts_of(
      "multipart/mixed;boundary=b",
      "--b\r\nc : application/sdp\r\nl:5\r\ne: gzip\r\nContent-transfer-encoding:\tbase64\r\n\r\n"
      "x\r\n--b\r\nContent-Type: a/b\r\nc: a/b\r\n\r\n\r\n--b\r\nContent-Type: a/b\r\nc: a/c\r\n\r\n\r\n--b--");
  REQUIRE(all.count == 3);
  CHECK(all.parts()[0].content_type == "application/sdp");
  CHECK(all.parts()[0].content_length == "5");
  CHECK(all.parts()[0].content_encoding == "gzip");
  CHECK(all.parts()[0].transfer_encoding == "base64");
  CHECK_FALSE(all.parts()[0].ambiguous);
  CHECK_FALSE(all.parts()[1].ambiguous);
  CHECK(all.parts()[2].ambiguous);
}

TEST_CASE("a type is read in any case, with blanks about the slash, without its parameters") {
  CHECK(media_type_of(" Application / SDP ;charset=utf-8") == "application/sdp");
  CHECK(media_type_of("application/sdp") == "application/sdp");
  CHECK(media_type_of("sdp") == "sdp");
  CHECK(media_type_of("") == "");
  CHECK(is_multipart("MULTIPART\t/\tmixed"));
}

TEST_CASE("parts and octets have bounds") {
  std::string body;
  for (std::size_t i = 0; i < kMaxParts; ++i)
    body += "--b\r\n\r\nx\r\n";
  CHECK(parts_of("multipart/mixed;boundary=b", body + "--b--").count == kMaxParts);
  CHECK(error_of("multipart/mixed;boundary=b", body + "--b\r\n\r\nx\r\n--b--") == Errc::too_long);
  const std::string huge(kMaxMultipartOctets + 1, 'x');
  CHECK(error_of("multipart/mixed;boundary=b", huge) == Errc::too_long);
}
