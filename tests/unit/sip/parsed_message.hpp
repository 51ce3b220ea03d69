#pragma once
#include <doctest/doctest.h>
#include <memory>
#include "sbc/sip/edits.hpp"
#include "sbc/sip/message.hpp"
#include "tests/unit/sip/sip_fixtures.hpp"

/// Messages as they are parsed.
namespace dw::message_test {

using namespace dw::sip;
using test::fixture;

/// A message and the octets that it views.
struct Parsed {
  explicit Parsed(std::string of) : text(std::move(of)), result(message->parse(as_bytes(text))) {}
  const Message* operator->() const { return message.get(); }
  bool clean() const { return result && !message->fault(); }

  std::string text;
  std::unique_ptr<Message> message = std::make_unique<Message>();
  Result<void> result;
};

inline bool within(std::string_view whole, std::string_view part) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

/// A request that lacks nothing, with `lines` in its header block.
inline std::string request(std::string_view lines, std::string_view rest = "\r\n") {
  return "OPTIONS sip:a@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKa\r\n"
         "From: <sip:b@example.com>;tag=1\r\nTo: <sip:a@example.com>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n" +
         std::string(lines) + std::string(rest);
}

inline std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const auto at = text.find(what);
  REQUIRE(at != text.npos);
  return text.replace(at, what.size(), with);
}

}  // namespace dw::message_test
