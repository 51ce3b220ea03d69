#include "tests/unit/sip/header_values.hpp"

// SIP URIs.
using namespace dw;
using namespace dw::sip;
using namespace dw::header_test;

TEST_CASE("SIP URIs and their parts") {
  struct Row {
    const char *text, *user, *host;
    int port;
    const char *params, *headers;
  };
  const Row rows[] = {
      {"sip:example.com", "", "example.com", -1, "", ""},
      {"sip:a@example.com:5060", "a", "example.com", 5060, "", ""},
      {"SIPS:a:secret@example.com;transport=tcp?Subject=x", "a:secret", "example.com", -1, ";transport=tcp",
       "?Subject=x"},
      {"sip:user;par=u%40example.net@example.com", "user;par=u%40example.net", "example.com", -1, "", ""},
      {"sip:sips%3Auser%40example.com@example.net", "sips%3Auser%40example.com", "example.net", -1, "", ""},
      {"sip:a?b@example.com", "a?b", "example.com", -1, "", ""},
      {"sip:[2001:db8::10]", "", "[2001:db8::10]", -1, "", ""},
      {"sip:[2001:db8::10:5070]", "", "[2001:db8::10:5070]", -1, "", ""},
      {"sip:a@[2001:db8::10]:5070;lr", "a", "[2001:db8::10]", 5070, ";lr", ""},
      {"sip:ted@[::ffff:192.0.2.2]", "ted", "[::ffff:192.0.2.2]", -1, "", ""},
      {"sip:a@b?Route=%3Csip:c%3E", "a", "b", -1, "", "?Route=%3Csip:c%3E"},
      {"sip:*97@192.0.2.1", "*97", "192.0.2.1", -1, "", ""},
      {"sip:#31#2002@192.0.2.1;user=phone", "#31#2002", "192.0.2.1", -1, ";user=phone", ""},
      {"sip:null-%00-null@example.com", "null-%00-null", "example.com", -1, "", ""},
      {"sip:a@under_score.example:0", "a", "under_score.example", 0, "", ""},
      {"sip:9e9e1ffb-0206-4ea1-6d77-ba04a72017f7@192.0.2.75:53006;transport=tcp;dw=abcdefghijklm",
       "9e9e1ffb-0206-4ea1-6d77-ba04a72017f7", "192.0.2.75", 53006, ";transport=tcp;dw=abcdefghijklm", ""},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto uri = parse_uri(row.text);
    REQUIRE(uri);
    CHECK(uri->is_sip());
    CHECK(uri->text == row.text);
    CHECK(uri->user == row.user);
    CHECK(uri->host == row.host);
    CHECK(uri->port.has_value() == (row.port >= 0));
    CHECK(uri->port.value_or(0) == (row.port < 0 ? 0 : row.port));
    CHECK(uri->params == row.params);
    CHECK(uri->headers == row.headers);
    CHECK(uri->host_port.starts_with(uri->host));
  }
  for (const char* other :
       {"tel:+15551234", "urn:X-cisco-remotecc:token-registration", "soap.beep://192.0.2.103:3002",
        "nobodyKnowsThisScheme:totallyopaquecontent", "isbn:2983792873", "cid:1a2b3c4d@192.0.2.75"}) {
    CAPTURE(other);
    const auto uri = parse_uri(other);
    REQUIRE(uri);
    CHECK_FALSE(uri->is_sip());
  }
  for (const char* bad : {"",
                          "sip",
                          ":",
                          "sip:",
                          "sip:@example.com",
                          "sip:a@",
                          "sip:a@:5060",
                          "sip:a@b:",
                          "sip:a@b:x",
                          "sip:a@b:65536",
                          "sip:a@b:-1",
                          "sip:a@b:5060x",
                          "sip:2001:db8::10",
                          "sip:[2001:db8::10",
                          "sip:[]",
                          "sip:[x]",
                          "sip:[::1]5060",
                          "sip:a b@c",
                          "sip:a@b c",
                          "<sip:a@b>",
                          "sip:a@b>",
                          "sip:a\"@b",
                          "sip:a@b\r\n",
                          "s ip:a@b",
                          "si%70:a@b",
                          "sip:a@b@c",
                          "sip:\xc3\xa9@b",
                          "sip:a@b;x=\x01"}) {
    CAPTURE(bad);
    const auto uri = parse_uri(bad);
    REQUIRE_FALSE(uri);
    CHECK(uri.error().code == Errc::malformed);
  }
  const std::string longest = "sip:" + std::string(kMaxUri - 6, 'a') + "@b";
  CHECK(parse_uri(longest));
  const auto longer = parse_uri(longest + "c");
  REQUIRE_FALSE(longer);
  CHECK(longer.error().code == Errc::too_long);
}

TEST_CASE("an IPv6 reference with the extra colon of RFC 3261's grammar is tolerated (RFC 5118 section 4.10)") {
  const auto uri = parse_uri("sip:user@[2001:db8:::192.0.2.1]:5070");
  REQUIRE(uri);
  CHECK(uri->host == "[2001:db8:::192.0.2.1]");
  CHECK(uri->port == 5070);
  for (const char* bad : {"sip:[2001:::db8:::1]", "sip:[2001:db8::::1]", "sip:[:::]", "sip:[1:::2::3]"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_uri(bad));
  }
}

TEST_CASE("a host that is an address, however it is written") {
  const auto v4 = IpAddress::v4(0xc0000201);
  const auto v6 = *IpAddress::parse("2001:db8::1");
  CHECK(names_address("192.0.2.1", v4));
  CHECK_FALSE(names_address("192.0.2.2", v4));
  CHECK_FALSE(names_address("", v4));
  CHECK_FALSE(names_address("example.com", v4));
  CHECK_FALSE(names_address("192.0.2.1.example.com", v4));
  CHECK_FALSE(names_address("192.0.2.1:5060", v4));
  CHECK(names_address("[::ffff:192.0.2.1]", v4));
  CHECK(names_address("[2001:db8::1]", v6));
  CHECK(names_address("2001:DB8:0:0::1", v6));
  CHECK_FALSE(names_address("[2001:db8::1", v6));
}

TEST_CASE("the parameters of a URI that are one hop's, and what a URI has whatever its case") {
  const auto hop_params_of = [](std::string_view text) {
    std::string out;
    for (const auto param : hop_params(*parse_uri(text)))
      out.append(param).append("|");
    return out;
  };
  CHECK(hop_params_of("sip:a@b;user=phone;transport=tcp;lr;TTL=1;maddr=192.0.2.1?x=transport") ==
        ";transport=tcp|;TTL=1|;maddr=192.0.2.1|");
  CHECK(hop_params_of("sip:a;transport=tcp@b;transports=x") == "");
  CHECK(parse_uri("sip:a:p@B:5;x=1?h=2")->tail() == "B:5;x=1");
  CHECK(parse_uri("tel:+1-23;phone-context=x")->user == "+1-23");
  CHECK(parse_uri("tel:+1-23;phone-context=x")->tail() == "");
  CHECK(parse_uri("TEL:911")->is_routable());
  CHECK(parse_uri("urn:service:sos")->is_routable());
  CHECK_FALSE(parse_uri("http://a")->is_routable());
  CHECK(uri_identity("SIP:Ab@HOST.example:5060;Ob") == "sip:Ab@host.example:5060;Ob");
  CHECK(uri_identity("TEL:A") == "tel:A");
  CHECK(uri_identity("sip:%41b%3b:x@HOST;a=%41?b") == "sip:Ab%3b:x@host;a=%41?b");
  CHECK(uri_identity("sips:[2001:DB8::1]:5061") == "sips:[2001:db8::1]:5061");
  CHECK(is_same_user("1001", "%31%30%30%31"));
  CHECK(is_same_user("a%3B", "%61%3B"));  // an escape that is needed stays one
  CHECK_FALSE(is_same_user("a;", "a%3B"));
  CHECK_FALSE(is_same_user("Alice", "alice"));
  CHECK(is_same_user("1%", "1%"));
  CHECK_FALSE(is_same_user("1%3", "1%30"));
  CHECK(user_key("%41lice") == user_key("ALICE"));
  CHECK(uri_identity("no uri") == "no uri");
}
