#pragma once
// What the load reads of a SIP message that it trusts: no parser of the program that it measures.
#include <algorithm>
#include <string>
#include <string_view>

#include "tests/support/sip_lines.hpp"

namespace bench {

using dw::sim::number_at;
using dw::sim::same_sip_name;

/// What the load reads of a message: views into it. The vias and routes are whole lines with their ends.
struct Message {
  std::string_view start, from, to, call_id, cseq, contact, retry_after;
  std::string vias, record_routes;
  std::string_view body;

  bool read(std::string_view octets) {
    start = from = to = call_id = cseq = contact = retry_after = body = {};
    vias.clear(), record_routes.clear();
    const auto frame = dw::sim::read_sip_lines(octets, [this](std::string_view line) {
      const auto field = dw::sim::split_sip_line(line);
      if (field) keep(field->name, field->value, line);
      return field.has_value();
    });
    if (!frame) return false;
    start = frame->start;
    body = frame->body;
    return !call_id.empty() && !cseq.empty() && !vias.empty();
  }
  bool is_response() const { return start.starts_with("SIP/2.0 "); }
  unsigned status() const { return number_at(start.substr(std::min<std::size_t>(8, start.size()))); }
  std::string_view method() const {
    return is_response() ? cseq.substr(cseq.find(' ') + 1) : start.substr(0, start.find(' '));
  }
  std::string_view contact_uri() const {
    const std::size_t open = contact.find('<'), close = contact.find('>');
    return open == std::string_view::npos || close == std::string_view::npos
               ? contact
               : contact.substr(open + 1, close - open - 1);
  }

 private:
  void keep(std::string_view name, std::string_view value, std::string_view line) {
    switch (name.empty() ? 0 : name.front() | 0x20) {
      case 'v':
        if (same_sip_name(name, "Via")) vias += line;
        break;
      case 'r':
        if (same_sip_name(name, "Record-Route")) record_routes += line;
        if (same_sip_name(name, "Retry-After")) retry_after = value;
        break;
      case 'f':
        if (same_sip_name(name, "From")) from = value;
        break;
      case 't':
        if (same_sip_name(name, "To")) to = value;
        break;
      case 'c':
        if (same_sip_name(name, "Call-ID")) call_id = value;
        if (same_sip_name(name, "CSeq")) cseq = value;
        if (same_sip_name(name, "Contact") && contact.empty()) contact = value;
        break;
    }
  }
};

}  // namespace bench
