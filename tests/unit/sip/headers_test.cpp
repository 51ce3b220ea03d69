#include "tests/unit/sip/header_values.hpp"

using namespace dw;
using namespace dw::sip;
using namespace dw::header_test;

TEST_CASE("field names: long and compact, in any case, and nothing that only resembles them") {
  const std::pair<std::string_view, FieldName> names[] = {
      {"Alert-Info", FieldName::alert_info},
      {"Authorization", FieldName::authorization},
      {"Call-ID", FieldName::call_id},
      {"Contact", FieldName::contact},
      {"Content-Disposition", FieldName::content_disposition},
      {"Content-Encoding", FieldName::content_encoding},
      {"Content-Length", FieldName::content_length},
      {"Content-Type", FieldName::content_type},
      {"CSeq", FieldName::cseq},
      {"Date", FieldName::date},
      {"Diversion", FieldName::diversion},
      {"Event", FieldName::event},
      {"Expires", FieldName::expires},
      {"From", FieldName::from},
      {"Max-Forwards", FieldName::max_forwards},
      {"Min-Expires", FieldName::min_expires},
      {"P-Asserted-Identity", FieldName::p_asserted_identity},
      {"P-Preferred-Identity", FieldName::p_preferred_identity},
      {"Path", FieldName::path},
      {"Proxy-Authenticate", FieldName::proxy_authenticate},
      {"Proxy-Authorization", FieldName::proxy_authorization},
      {"Proxy-Require", FieldName::proxy_require},
      {"Reason", FieldName::reason},
      {"Record-Route", FieldName::record_route},
      {"Refer-To", FieldName::refer_to},
      {"Referred-By", FieldName::referred_by},
      {"Remote-Party-ID", FieldName::remote_party_id},
      {"Reply-To", FieldName::reply_to},
      {"Require", FieldName::require},
      {"Retry-After", FieldName::retry_after},
      {"Route", FieldName::route},
      {"Server", FieldName::server},
      {"Service-Route", FieldName::service_route},
      {"Session-Expires", FieldName::session_expires},
      {"Subscription-State", FieldName::subscription_state},
      {"Supported", FieldName::supported},
      {"To", FieldName::to},
      {"Unsupported", FieldName::unsupported},
      {"User-Agent", FieldName::user_agent},
      {"Via", FieldName::via},
      {"WWW-Authenticate", FieldName::www_authenticate},
      {"b", FieldName::referred_by},
      {"c", FieldName::content_type},
      {"e", FieldName::content_encoding},
      {"f", FieldName::from},
      {"i", FieldName::call_id},
      {"k", FieldName::supported},
      {"l", FieldName::content_length},
      {"m", FieldName::contact},
      {"o", FieldName::event},
      {"r", FieldName::refer_to},
      {"t", FieldName::to},
      {"v", FieldName::via},
  };
  for (const auto& [name, id] : names) {
    CAPTURE(name);
    std::string upper(name), small(name), longer = std::string(name) + "s";
    for (char& c : upper)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    for (char& c : small)
      c = lower(c);
    CHECK(field_name_of(name) == id);
    CHECK(field_name_of(upper) == id);
    CHECK(field_name_of(small) == id);
    CHECK(field_name_of(longer) == FieldName::other);
    CHECK(field_name_of(std::string(name.substr(0, name.size() - 1)) + "\x7f") == FieldName::other);
    if (name.size() > 2) CHECK(field_name_of(name.substr(1)) == FieldName::other);
  }
  // Compact names of others: s Subject, u Allow-Events, a Accept-Contact, d, j, n, y.
  for (const char* other : {"",  "s", "u", "a", "d", "g", "h",       "j",         "n",     "p",
                            "q", "w", "y", "z", "1", ":", "Subject", "C%6Fntact", "X-Via", "RTP-RxStat"})
    CHECK(field_name_of(other) == FieldName::other);
  CHECK(field_name_of(std::string(70000, 'v')) == FieldName::other);
}

TEST_CASE("methods are known as they are spelled, no other way") {
  for (int i = 1; i <= static_cast<int>(Method::publish); ++i) {
    const auto method = static_cast<Method>(i);
    const std::string name(to_string(method));
    CHECK(method_of(name) == method);
    std::string small = name;
    for (char& c : small)
      c = lower(c);
    CHECK(method_of(small) == Method::other);
    CHECK(method_of(name + "S") == Method::other);
    CHECK(method_of(name.substr(1)) == Method::other);
  }
  CHECK(method_of("") == Method::other);
  CHECK(method_of("?") == Method::other);
  CHECK(to_string(Method::other) == "?");
  CHECK(to_string(Method::register_) == "REGISTER");
}

TEST_CASE("the values of a field, parted by commas that aren't quoted or in brackets") {
  CHECK(values_of("") == Words{});
  CHECK(values_of(" \t\r\n ") == Words{});
  CHECK(values_of("a") == Words{"a"});
  CHECK(values_of(" a ,\r\n b\t,c") == Words{"a", "b", "c"});
  CHECK(values_of("<sip:a@b;x=1,2>,<sip:c@d>") == Words{"<sip:a@b;x=1,2>", "<sip:c@d>"});
  CHECK(values_of(R"("a, b" <sip:a@b>, "c\", d" <sip:c@d>)") == Words{R"("a, b" <sip:a@b>)", R"("c\", d" <sip:c@d>)"});
  CHECK(values_of(R"(<sip:a"b@c>,<sip:d>)") == Words{R"(<sip:a"b@c>)", "<sip:d>"});
  CHECK(values_of(R"("no end, <sip:a>)") == Words{R"("no end, <sip:a>)"});
  CHECK(values_of("<sip:no, end") == Words{"<sip:no, end"});
  CHECK(values_of("a,,b") == Words{"a", "", "b"});
  CHECK(values_of(";;,,;;,;") == Words{";;", "", ";;", ";"});
  CHECK(values_of("a\\,b") == Words{"a\\", "b"});  // a backslash means nothing outside of quotes
}

TEST_CASE("parameters") {
  CHECK(params_of("") == Words{});
  CHECK(params_of("  \r\n ") == Words{});
  CHECK(params_of(";lr") == Words{"lr"});
  CHECK(params_of(";a=1;b;c=\"x;y\\\"=z\"") == Words{"a=1", "b", "c=\"x;y\\\"=z\""});
  CHECK(params_of(" ;\r\n a \t= \r\n 1 ; b ") == Words{"a=1", "b"});
  CHECK(params_of(";received=[2001:db8::1];received=2001:db8::1") ==
        Words{"received=[2001:db8::1]", "received=2001:db8::1"});
  CHECK(params_of(";+sip.instance=\"<urn:uuid:0>\";+u.sip!model.ccm.cisco.com=\"437\"") ==
        Words{"+sip.instance=\"<urn:uuid:0>\"", "+u.sip!model.ccm.cisco.com=\"437\""});
  CHECK(params_of(";;", false) == Words{});
  CHECK(params_of(";a;;b", false) == Words{"a"});
  CHECK(params_of("a", false) == Words{});
  CHECK(params_of(";a b", false) == Words{"a"});
  CHECK(params_of(";a=1,b", false) == Words{"a=1"});
  CHECK(params_of(";a=\"no end", false) == Words{});
  CHECK(params_of(";a=\"x\"y", false) == Words{"a=\"x\""});
  CHECK(params_of(";=1", false) == Words{});

  const std::string_view text = ";Tag = x ;tag=y";
  const auto tag = find_param(text, "tAG");
  REQUIRE(tag);
  CHECK(tag->value == "x");
  CHECK(tag->text == "Tag = x");
  CHECK(offset_in(text, tag->text) == 1);
  CHECK_FALSE(find_param(text, "ta"));
}

TEST_CASE("names and addresses") {
  const auto plain = parse_name_addr("sip:+19725552222@gw1.example.net;unknownparam");
  REQUIRE(plain);
  CHECK(plain->uri == "sip:+19725552222@gw1.example.net");  // RFC 4475 cparam01: the parameter is the header's
  CHECK(plain->params == ";unknownparam");
  CHECK_FALSE(plain->bracketed);
  const auto inside = parse_name_addr("<sip:+19725552222@gw1.example.net;unknownparam>");
  REQUIRE(inside);
  CHECK(inside->uri == "sip:+19725552222@gw1.example.net;unknownparam");
  CHECK(inside->params.empty());
  CHECK(inside->bracketed);
  const auto quoted = parse_name_addr(" \"a <b>; \\\" c\"\r\n <sip:a@b?Route=%3Csip:c%3E> ; tag=x \r\n");
  REQUIRE(quoted);
  CHECK(quoted->display == "\"a <b>; \\\" c\"");
  CHECK(quoted->uri == "sip:a@b?Route=%3Csip:c%3E");
  CHECK(quoted->params == "; tag=x");
  const auto tight = parse_name_addr("caller<sip:caller@example.com>;tag=323");
  REQUIRE(tight);
  CHECK(tight->display == "caller");
  CHECK(tight->uri == "sip:caller@example.com");
  CHECK(parse_name_addr("*")->star);
  CHECK_FALSE(parse_name_addr("<*>")->star);
  const auto folded = parse_name_addr("Front\r\n  desk <sip:a@b>");
  REQUIRE(folded);
  CHECK(folded->display == "Front\r\n  desk");
  // What the grammar wants in quotes, and phones leave bare.
  for (const char* const name : {"a@b", "Zo\xc3\xab", "sip:a@b", "1 [2]/3 (4)?"}) {
    CAPTURE(name);
    const std::string text = std::string(name) + " <sip:a@b>;tag=1";
    const auto bare = parse_name_addr(text);
    REQUIRE(bare);
    CHECK(bare->display == name);
    CHECK(bare->uri == "sip:a@b");
    CHECK(bare->params == ";tag=1");
  }

  for (const char* bad : {"", " ", "<>", "<sip:a@b", "\"a <sip:a@b>", "\"a\" sip:a@b", "\"a\"", "a, b <sip:a@b>",
                          "sip:a@b?Route=%3Csip:c%3E", "<sip:a@b> x", "<sip:a@b>>", "a;b <sip:a@b>", ";tag=1",
                          "\"a\\\" <sip:a@b>", "sip:a@b, sip:c@d"}) {
    CAPTURE(bad);
    const auto address = parse_name_addr(bad);
    REQUIRE_FALSE(address);
    CHECK(address.error().code == Errc::malformed);
  }
}

TEST_CASE("Via values") {
  const auto via = parse_via("SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKa;rport;received=[2001:db8::1]");
  REQUIRE(via);
  CHECK(via->transport == "UDP");
  CHECK(via->sent_by == "192.0.2.1:5070");
  CHECK(via->host == "192.0.2.1");
  CHECK(via->port == 5070);
  CHECK(via->branch == "z9hG4bKa");
  CHECK(via->rport);
  CHECK(find_param(via->params, "received")->value == "[2001:db8::1]");

  const auto spaced = parse_via("  SIP  /   2.0\r\n /UDP\r\n    spindle.example.com  :  5062  ;\r\n  branch  =   x ");
  REQUIRE(spaced);
  CHECK(spaced->transport == "UDP");
  CHECK(spaced->host == "spindle.example.com");
  CHECK(spaced->port == 5062);
  CHECK(spaced->branch == "x");
  CHECK_FALSE(spaced->rport);

  const auto v6 = parse_via("SIP/2.0/TLS [2001:db8::9:1]:6050;branch=a");
  REQUIRE(v6);
  CHECK(v6->host == "[2001:db8::9:1]");
  CHECK(v6->sent_by == "[2001:db8::9:1]:6050");
  CHECK(v6->port == 6050);
  CHECK(parse_via("SIP/2.0/UNKNOWN t4.example.com")->transport == "UNKNOWN");
  CHECK(parse_via("sip/2.0/udp a")->host == "a");
  CHECK(parse_via("SIP/2.0/UDP a;rport=5080")->rport);
  CHECK(parse_via("SIP/2.0/UDP a;Branch=Zz")->branch == "Zz");

  for (const char* bad : {"",
                          "SIP",
                          "SIP/2.0",
                          "SIP/2.0/UDP",
                          "SIP/2.0/UDP ",
                          "SIP/2.0/ a",
                          "HTTP/1.1/TCP a",
                          "SIP/2.0/UDP :5060",
                          "SIP/2.0/UDP a:",
                          "SIP/2.0/UDP a:x",
                          "SIP/2.0/UDP a:65536",
                          "SIP/2.0/UDP [2001:db8::1",
                          "SIP/2.0/UDP a b",
                          "SIP/2.0/UDP a,",
                          "/2.0/UDP a",
                          "SIP//UDP a",
                          "SIP/2.0/UDP 02[0155]",
                          "SIP/2.0/UDP [20To: ]",
                          "SIP/2.0/UDP a\"b",
                          "SIP/2.0/UDP <a>",
                          "SIP/2.0/UDP a@b"}) {
    CAPTURE(bad);
    const auto none = parse_via(bad);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == Errc::malformed);
  }
}

TEST_CASE("what is read of a header value lies within it, and no prefix of it reads past its end") {
  for (const auto& [name, text] : test::all_fixtures()) {
    Message message;
    if (!message.parse(as_bytes(text))) continue;
    for (const Field& field : message.fields()) {
      const std::string value(message.value(field));
      for (std::size_t n = 0; n <= value.size(); ++n) {
        const std::string prefix = value.substr(0, n);
        std::string_view left = prefix;
        const auto inside = [&prefix](std::string_view part) {
          return part.empty() || offset_in(prefix, part) + part.size() <= prefix.size();
        };
        while (const auto one = next_value(left)) {
          REQUIRE(inside(*one));
          if (const auto via = parse_via(*one)) {
            REQUIRE(inside(via->sent_by));
            REQUIRE(inside(via->branch));
          }
          if (const auto address = parse_name_addr(*one)) {
            REQUIRE(inside(address->uri));
            REQUIRE(inside(address->params));
            if (const auto uri = parse_uri(address->uri)) REQUIRE(inside(uri->host));
            Params params(address->params);
            while (const auto param = params.next())
              REQUIRE(inside(param->text));
          }
        }
      }
    }
  }
}
