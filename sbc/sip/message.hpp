#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/names.hpp"
#include "sbc/sip/uri.hpp"

namespace dw::sip {

/// One header field, as offsets into the message.
struct Field {
  FieldName name = FieldName::other;
  std::uint32_t begin = 0;  ///< of its line
  std::uint32_t end = 0;    ///< past its last CR LF, continuation lines included
  std::uint32_t name_end = 0;
  std::uint32_t value_begin = 0, value_end = 0;  ///< without blanks at either end; may be folded inside
};

/// A Via value (RFC 3261 §20.42) as views.
struct Via {
  std::string_view text;       ///< all of it
  std::string_view transport;  ///< "UDP"
  std::string_view sent_by;    ///< "192.0.2.1:5060", "[2001:db8::1]"
  std::string_view host;
  std::optional<std::uint16_t> port;
  std::string_view params;  ///< from the first ";" on
  std::string_view branch;  ///< empty: none
  bool rport = false;       ///< asked for, or filled in (RFC 3581)
  bool well_formed = true;  ///< its parameters are
};
Result<Via> parse_via(std::string_view text);

/// What is wrong with a message that is understood so far that it can be answered.
struct Fault {
  std::uint16_t status = 400;
  std::string_view reason;  ///< a literal: reason phrase for the sender, sentence for the log
};

/// A SIP message as views into octets that somebody else owns (RFC 3261 §7). parse() finds every field and
/// reads those that each message must have; what it doesn't need it doesn't look at. Reusable: it is large,
/// and has no memory of its own. More than 30 methods, as each thing that it says has one that returns it.
class Message {
 public:
  static constexpr std::size_t kMaxOctets = 64 << 10;  ///< of the header block, and of the body
  static constexpr std::size_t kMaxFields = 192;

  /// Errc::malformed, too_long: this is no SIP message, or one that can't be answered. What can be is taken,
  /// with a `fault`. `octets` must stay as they are for as long as the message is used. Octets past
  /// Content-Length are no part of the message (RFC 3261 §18.3).
  Result<void> parse(Bytes octets);

  bool is_request() const { return request_; }
  Method method() const { return method_; }  ///< of a response: CSeq's
  std::string_view method_text() const { return method_text_; }
  std::string_view request_uri() const { return request_uri_; }
  std::uint16_t status() const { return status_; }
  std::string_view reason() const { return reason_; }

  std::string_view text() const { return text_; }  ///< all of it
  std::string_view body() const { return body_; }
  std::size_t header_end() const { return header_end_; }  ///< where the empty line begins
  std::span<const Field> fields() const { return {fields_.data(), count_}; }
  std::string_view name_of(const Field& f) const { return text_.substr(f.begin, f.name_end - f.begin); }
  std::string_view value(const Field& f) const { return text_.substr(f.value_begin, f.value_end - f.value_begin); }
  const Field* find(FieldName name) const;                                            ///< the first
  std::string_view value_of(FieldName name) const;                                    ///< of the first; empty: none
  std::size_t offset(std::string_view view) const { return offset_in(text_, view); }  ///< of a view into it

  const Via& via() const { return via_; }  ///< the topmost
  const NameAddr& from() const { return from_; }
  const NameAddr& to() const { return to_; }
  /// The URIs of the request line, From and To, each parsed when it is first asked for; nothing: it can't be parsed.
  const std::optional<Uri>& uri() const { return read_once(request_uri_, uri_); }
  const std::optional<Uri>& from_uri() const { return read_once(from_.uri, from_uri_); }
  const std::optional<Uri>& to_uri() const { return read_once(to_.uri, to_uri_); }
  std::string_view from_tag() const { return from_tag_; }
  std::string_view to_tag() const { return to_tag_; }  ///< empty: none
  std::string_view call_id() const { return call_id_; }
  std::uint32_t cseq() const { return cseq_; }
  std::optional<unsigned> max_forwards() const { return max_forwards_; }
  std::optional<std::size_t> content_length() const { return content_length_; }  ///< as the header says
  const std::optional<Fault>& fault() const { return fault_; }

 private:
  Result<void> parse_start_line(std::string_view line);
  Result<void> parse_request_line(std::string_view line);
  Result<void> parse_status_line(std::string_view line);
  Result<void> index_fields(std::size_t from);
  Result<void> read_essentials();
  void read_cseq(std::string_view value);
  void read_numbers();
  void note(std::uint16_t status, std::string_view reason) {
    if (!fault_) fault_ = Fault{status, reason};
  }

  struct ReadUri {
    bool read = false;
    std::optional<Uri> uri;
  };
  static const std::optional<Uri>& read_once(std::string_view text, ReadUri& known);

  std::string_view text_, body_, request_uri_, reason_, method_text_;
  std::size_t header_end_ = 0;
  std::array<Field, kMaxFields> fields_;
  std::size_t count_ = 0;
  bool request_ = false;
  Method method_ = Method::other;
  std::uint16_t status_ = 0;
  Via via_;
  NameAddr from_, to_;
  mutable ReadUri uri_, from_uri_, to_uri_;
  std::string_view from_tag_, to_tag_, call_id_;
  std::uint32_t cseq_ = 0;
  std::optional<unsigned> max_forwards_;
  std::optional<std::size_t> content_length_;
  std::optional<Fault> fault_;
};

}  // namespace dw::sip
