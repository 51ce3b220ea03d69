#include "sbc/base/redact.hpp"

#include <doctest/doctest.h>

using dw::redacted;

TEST_CASE("redacted: passwords, digests, tokens and keys go, in every form in which they come") {
  for (const char* text : {
           "password=SESAME",
           "password = \"SESAME\"",
           "admin password: SESAME",
           "{\"password\": \"SESAME\"}",
           "{'token':'SESAME'}",
           "pwd=SESAME&x=1",
           "<authPassword>SESAME</authPassword>",
           "<phonePassword a=\"b\">SESAME</phonePassword>",
           "<sshPassword>SESAME",
           "Authorization: Digest username=\"1001\", response=\"SESAME\"",
           "authorization:Basic SESAME",
           "Proxy-Authorization: Digest SESAME",
           "Cookie: dropwire_session=SESAME",
           "Set-Cookie: a=b; SESAME",
           "X-CSRF-Token: SESAME",
           "WWW-Authenticate: Digest nonce=\"SESAME\"",
           "digest response=\"SESAME\", x",
           "nonce=\"SES\\\"SESAME\"",
           "cnonce=SESAME,",
           "http://user:SESAME@pbx.example.net/",
           "https://SESAME@pbx.example.net:6970/x",
           "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SESAME|2^20|1:32",
           "api_key=SESAME",
           "private_key: SESAME",
           "key='SESAME two'",
           "-----BEGIN PRIVATE KEY-----\nSESAME\n-----END PRIVATE KEY-----",
           "x -----BEGIN RSA PRIVATE KEY-----\nSESAME",
       }) {
    CAPTURE(text);
    const std::string out = redacted(text);
    CHECK(out.find("SESAME") == std::string::npos);
    CHECK(out.find("(removed)") != std::string::npos);
  }
}

TEST_CASE("redacted: what help is about stays as it is") {
  for (
      const char* text : {
          "2026-11-22T20:19:21.042Z phone   192.168.1.10:5060 <- 192.168.1.50:5060 SIP REGISTER sip:pbx.example.net, CSeq 102, Call-ID 00-1a",
          "event=call_down device=SEP001122334455 number=1002 reason=\"no answer\"",
          "http://pbx.example.net:6970/SEP001122334455.cnf.xml",
          "keys: press * * # to unlock",
          "<loadInformation>SCCP45.9-4-2SR4-3S</loadInformation>",
          "",
          "\n\n",
          "a\nb\n",
          "monkey=7",
          "From: \"Anna\" <sip:1001@pbx.example.net>",
      }) {
    CAPTURE(text);
    CHECK(redacted(text) == text);
  }
}

TEST_CASE("redacted: every piece of a text, and all octets, are no trouble") {
  const std::string text = "<p password=\"a\\\">x</p> //u:p@h inline:k|1 nonce='\\";
  for (std::size_t size = 0; size <= text.size(); ++size)
    (void)redacted(text.substr(0, size));
  std::string all;
  for (int c = 0; c < 256; ++c)
    all += static_cast<char>(c);
  CHECK(redacted(all).size() >= 250);
}
