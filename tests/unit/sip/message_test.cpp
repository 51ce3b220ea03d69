#include "tests/unit/sip/parsed_message.hpp"

using namespace dw;
using namespace dw::sip;
using test::fixture;
using namespace dw::message_test;

TEST_CASE("what is read of any message lies within it, and its fields follow each other without gaps") {
  std::size_t parsed = 0;
  for (const auto& [name, text] : test::all_fixtures()) {
    CAPTURE(name);
    const Parsed m(text);
    if (!m.result) continue;
    ++parsed;
    CHECK(m->text().data() == m.text.data());
    CHECK(m->text().size() <= m.text.size());
    for (const std::string_view part :
         {m->method_text(), m->request_uri(), m->reason(),     m->body(),       m->via().text,  m->via().transport,
          m->via().sent_by, m->via().host,    m->via().params, m->via().branch, m->from().text, m->from().display,
          m->from().uri,    m->from().params, m->to().text,    m->to().display, m->to().uri,    m->to().params,
          m->from_tag(),    m->to_tag(),      m->call_id()})
      CHECK(within(m->text(), part));
    std::size_t at = m->text().find("\r\n") + 2;
    for (const Field& field : m->fields()) {
      CHECK(field.begin == at);
      CHECK(field.begin < field.name_end);
      CHECK(field.name_end < field.value_begin);
      CHECK(field.value_begin <= field.value_end);
      CHECK(field.value_end + 2 <= field.end);
      CHECK(m->text().substr(field.end - 2, 2) == "\r\n");
      CHECK(trim(m->value(field)) == m->value(field));
      CHECK(within(m->text(), m->value(field)));
      at = field.end;
    }
    CHECK(m->header_end() == at);
    CHECK(m->text().substr(at, 2) == "\r\n");
    CHECK(m->text().substr(at + 2) == m->body());
  }
  CHECK(parsed > 75);
}

TEST_CASE("no proper prefix is a whole message where Content-Length says otherwise") {
  for (const auto& [name, text] : test::all_fixtures()) {
    CAPTURE(name);
    const Parsed whole(text);
    const bool framed = whole.clean() && whole->content_length();
    const std::size_t length = framed ? whole->text().size() : text.size();
    const std::size_t header = text.find("\r\n\r\n") + 4;
    for (std::size_t n = 0; n < length; ++n) {
      CAPTURE(n);
      const Parsed prefix(text.substr(0, n));  // its own allocation, so that a read past its end is seen
      if (n < header) REQUIRE_FALSE(prefix.result);
      if (framed) REQUIRE_FALSE(prefix.clean());
    }
  }
}

TEST_CASE("a message that nothing was changed in leaves as it came") {
  std::size_t seen = 0;
  for (const auto& [name, text] : test::all_fixtures()) {
    CAPTURE(name);
    const Parsed m(text);
    if (!m.clean() || !m->content_length()) continue;
    ++seen;
    std::string out;
    Edits edits(*m.message);
    edits.write(out);
    CHECK(edits.ok());
    CHECK(out == m->text());
    if (name != "dblreq") CHECK(out == text);
  }
  CHECK(seen > 50);
}

TEST_CASE("a datagram's octets past Content-Length are no part of the message; without one the rest is the body") {
  const Parsed two(fixture("dblreq").text);
  REQUIRE(two.clean());
  CHECK(two->method() == Method::register_);
  CHECK(two->body().empty());
  CHECK(two->text().ends_with("Content-Length: 0\r\n\r\n"));

  const Parsed old(fixture("inv2543").text);
  REQUIRE(old.clean());
  CHECK_FALSE(old->content_length());
  CHECK(old->body().size() == 105);
  CHECK(old->from_tag().empty());
  CHECK(old->via().branch.empty());
  CHECK_FALSE(old->max_forwards());
  std::string out;
  Edits(*old.message).write(out);
  CHECK(out == replaced(old.text, "application/sdp\r\n", "application/sdp\r\nContent-Length: 105\r\n"));
}

TEST_CASE("folds, blanks around the colon, compact names and leading zeros (RFC 4475 wsinv)") {
  const Parsed m(fixture("wsinv").text);
  REQUIRE(m.clean());
  CHECK(m->method() == Method::invite);
  CHECK(m->request_uri() == "sip:vivekg@chair-dnrc.example.com;unknownparam");
  CHECK(m->to().uri == "sip:vivekg@chair-dnrc.example.com");
  CHECK(m->to_tag() == "1918181833n");
  CHECK(m->from().display == R"("J Rosenberg \\\"")");
  CHECK(m->from().uri == "sip:jdrosen@example.com");
  CHECK(m->from_tag() == "98asjd8");
  CHECK(m->max_forwards() == 68);
  CHECK(m->cseq() == 9);
  CHECK(m->content_length() == 150);
  CHECK(m->body().size() == 150);
  CHECK(m->call_id() == "wsinv.ndaksdj@192.0.2.1");
  CHECK(m->via().transport == "UDP");
  CHECK(m->via().host == "192.0.2.2");
  CHECK(m->via().branch == "390skdjuw");
  CHECK_FALSE(m->via().rport);
  CHECK(m->value_of(FieldName::contact).starts_with(R"("Quoted string \"\"" <sip:jdrosen@example.com>)"));
  CHECK(m->value_of(FieldName::route) == "<sip:services.example.com;lr;unknownwith=value;unknown-no-value>");

  std::vector<std::string> vias;
  for (const Field& field : m->fields()) {
    if (field.name != FieldName::via) continue;
    std::string_view left = m->value(field);
    while (const auto value = next_value(left)) {
      const auto via = parse_via(*value);
      REQUIRE(via);
      vias.push_back(std::string(via->transport) + ' ' + std::string(via->sent_by) + ' ' + std::string(via->branch));
    }
  }
  CHECK(vias == std::vector<std::string>{"UDP 192.0.2.2 390skdjuw", "TCP spindle.example.com z9hG4bK9ikj8",
                                         "UDP 192.168.255.111 z9hG4bK30239"});
  const auto unusual = std::ranges::find_if(
      m->fields(), [&](const Field& f) { return m->name_of(f) == "UnknownHeaderWithUnusualValue"; });
  REQUIRE(unusual != m->fields().end());
  CHECK(m->value(*unusual) == ";;,,;;,;");
}

TEST_CASE("every character that a method, a quoted name and a parameter may have (RFC 4475 intmeth)") {
  using namespace std::string_view_literals;
  const Parsed m(fixture("intmeth").text);
  REQUIRE(m.clean());
  CHECK(m->method() == Method::other);
  CHECK(m->method_text() == "!interesting-Method0123456789_*+`.%indeed'~");
  CHECK(m->to().display == "\"BEL:\\\x07 NUL:\\\x00 DEL:\\\x7f\""sv);
  CHECK(m->to().uri == "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@example.com");
  CHECK(m->from().display == "token1~` token2'+_ token3*%!.-");
  CHECK(m->from_tag() == "_token~1'+`*%!-.");
  CHECK(m->call_id() == R"(intmeth.word%ZK-!.*_+'@word`~)(><:\/"][?}{)");
  CHECK(m->via().branch == "z9hG4bK-.!%66*_+`'~");
  CHECK(m->max_forwards() == 255);
  const auto uri = parse_uri(m->request_uri());
  REQUIRE(uri);
  CHECK(uri->host == "example.com");
  CHECK(uri->user == "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
}

TEST_CASE("escaped letters make no known name (RFC 4475 esc02), and responses have reasons of any sort") {
  const Parsed escaped(fixture("esc02").text);
  REQUIRE(escaped.clean());
  CHECK(escaped->method() == Method::other);
  CHECK(std::ranges::count(escaped->fields(), FieldName::contact, &Field::name) == 2);

  const Parsed utf8(fixture("unreason").text);
  REQUIRE(utf8.clean());
  CHECK_FALSE(utf8->is_request());
  CHECK(utf8->status() == 200);
  CHECK(utf8->method() == Method::invite);
  CHECK(utf8->reason().size() == 74);
  const Parsed none(fixture("noreason").text);
  REQUIRE(none.clean());
  CHECK(none->status() == 100);
  CHECK(none->reason().empty());
}

TEST_CASE("a body is octets: NUL, lone CR and lone LF in it are nobody's business (RFC 4475 mpart01)") {
  const Parsed m(fixture("mpart01").text);
  REQUIRE(m.clean());
  CHECK(m->body().size() == 553);
  CHECK(m->body().find('\0') != m->body().npos);
  CHECK(m->body().ends_with("--7a9cbec02ceef655--\r\n"));
}

TEST_CASE("what 7900 phones write") {
  const Parsed old(fixture("register-7970-8.4-null-supported").text);
  REQUIRE(old.clean());
  CHECK(old->method() == Method::register_);
  CHECK(old->value_of(FieldName::supported) == "(null),X-cisco-xsi-7.0.1");
  CHECK(old->via().sent_by == "192.0.2.70:5060");
  CHECK(old->via().port == 5060);
  CHECK_FALSE(old->via().rport);
  CHECK(old->cseq() == 201);
  CHECK(old->value_of(FieldName::expires) == "3600");  // behind Content-Length
  const auto contact = parse_name_addr(old->value_of(FieldName::contact));
  REQUIRE(contact);
  CHECK(contact->uri == "sip:2010@192.0.2.70:5060;transport=udp");
  CHECK(find_param(contact->params, "+sip.instance")->value == "\"<urn:uuid:00000000-0000-0000-0000-00005e005370>\"");
  CHECK(find_param(contact->params, "+u.sip!model.ccm.cisco.com")->value == "\"30006\"");

  const Parsed bulk(fixture("register-7975-9.3-bulk").text);
  REQUIRE(bulk.clean());
  CHECK(bulk->body().size() == *bulk->content_length());
  CHECK(bulk->value_of(FieldName::content_type) == "multipart/mixed; boundary=uniqueBoundary");

  const Parsed heartbeat(fixture("register-keep-alive").text);
  REQUIRE(heartbeat.clean());
  const auto standby = parse_name_addr(heartbeat->value_of(FieldName::contact));
  REQUIRE(standby);
  const auto flag = find_param(standby->params, "cisco-keep-alive");
  REQUIRE(flag);
  CHECK_FALSE(flag->has_value);
  CHECK(find_param(standby->params, "expires")->value == "0");

  const Parsed ack(fixture("ack-487-no-to-tag").text);
  REQUIRE(ack.clean());
  CHECK(ack->method() == Method::ack);
  CHECK(ack->to_tag().empty());
  const Parsed bye(fixture("bye-rtp-rxstat").text);
  REQUIRE(bye.clean());
  CHECK(bye->to_tag() == "as4c3b2a19");
  const Parsed invite(fixture("invite-7975-sdp").text);
  REQUIRE(invite.clean());
  CHECK(invite->from().display == "\"Front desk\"");
  CHECK(invite->body().starts_with("v=0\r\no=Cisco-SIPUA 7221 0 IN IP4 192.0.2.75\r\n"));
  CHECK(invite->text().size() == invite.text.size());
  for (const char* name : {"refer-remotecc", "refer-token-registration", "notify-service-control", "notify-check-sync",
                           "notify-user-cut", "cancel", "register-7960-8.12"}) {
    CAPTURE(name);
    CHECK(Parsed(fixture(name).text).clean());
  }
}

TEST_CASE("a fold continues the value before it, and a fold of blanks alone adds nothing") {
  const Parsed m(request("Subject:\r\n \r\n\ta\r\n  b \r\n \r\nMax-Forwards: 7\r\n"));
  REQUIRE(m.clean());
  const Field& subject = m->fields()[5];
  CHECK(m->value(subject) == "a\r\n  b");
  CHECK(m->text().substr(subject.begin, subject.end - subject.begin) == "Subject:\r\n \r\n\ta\r\n  b \r\n \r\n");
  CHECK(m->max_forwards() == 7);
}

TEST_CASE("first lines") {
  const auto first = [](std::string_view line) {
    return Parsed(replaced(request(""), "OPTIONS sip:a@example.com SIP/2.0", line));
  };
  for (const char* line :
       {"", "OPTIONS", "OPTIONS ", "OPTIONS sip:a@example.com", "SIP/2.0", "SIP/2.0 200OK", "SIP/2.0 99 OK",
        "SIP/2.0 700 OK", "SIP/2.0 4294967301 OK", "SIP/2.0 2xx OK", "SIP/2.0 -20 OK", "SIP/2.1 200 OK",
        "OPT(IONS sip:a@example.com SIP/2.0", " OPTIONS sip:a@example.com SIP/2.0",
        "OPTIONS sip:a@example.com HTTP/1.1", "GET / HTTP/1.1"}) {
    CAPTURE(line);
    CHECK_FALSE(first(line).result);
  }
  for (const char* line : {"OPTIONS  sip:a@example.com SIP/2.0", "OPTIONS sip:a@example.com  SIP/2.0",
                           "OPTIONS sip:a@example.com SIP/2.0 ", "OPTIONS <sip:a@example.com> SIP/2.0",
                           "OPTIONS sip:a@example.com;x y SIP/2.0", "OPTIONS  SIP/2.0"}) {
    CAPTURE(line);
    const auto m = first(line);
    REQUIRE(m.result);
    REQUIRE(m->fault());
    CHECK(m->fault()->status == 400);
  }
  for (const char* line :
       {"OPTIONS sip:a@example.com SIP/3.0", "OPTIONS sip:a@example.com SIP/2.00", "OPTIONS sip:a@example.com SIP/"}) {
    CAPTURE(line);
    const auto m = first(line);
    REQUIRE(m.result);
    REQUIRE(m->fault());
    CHECK(m->fault()->status == 505);
  }
  CHECK(first("OPTIONS sip:a@example.com sip/2.0").clean());  // RFC 3261 §7.1: any case
}

TEST_CASE("a message object that is used again keeps nothing") {
  auto message = std::make_unique<Message>();
  const std::string large = fixture("wsinv").text;
  REQUIRE(message->parse(as_bytes(large)));
  const std::string bad = fixture("mismatch01").text;
  REQUIRE(message->parse(as_bytes(bad)));
  CHECK(message->fault());
  CHECK(message->body().empty());
  CHECK(message->to_tag().empty());
  const std::string response = fixture("noreason").text;
  REQUIRE(message->parse(as_bytes(response)));
  CHECK_FALSE(message->fault());
  CHECK_FALSE(message->is_request());
  CHECK(message->request_uri().empty());
  CHECK_FALSE(message->max_forwards());
  CHECK(message->fields().size() == 7);
  const std::string small = request("");
  REQUIRE(message->parse(as_bytes(small)));
  CHECK(message->is_request());
  CHECK(message->status() == 0);
  CHECK(message->reason().empty());
  CHECK_FALSE(message->content_length());
}
