#pragma once
#include <optional>
#include <string_view>

#include "sbc/base/endpoint.hpp"

namespace dw::sip {

/// One line of an SDP: "x=value", and how it ends. Views are into the body.
struct SdpLine {
  char type = 0;           ///< 0: an empty line
  std::string_view text;   ///< all but its end
  std::string_view value;  ///< after "x="
  std::string_view end;    ///< "\r\n", "\n", or what there is of it at the end of the body
  std::size_t offset = 0;  ///< of the line
};

/// Walks the lines of an SDP. Each step eats at least one octet.
class SdpLines {
 public:
  explicit SdpLines(std::string_view body) : body_(body) {}
  bool at_end() const { return position_ == body_.size(); }
  SdpLine take();

 private:
  std::string_view body_;
  std::size_t position_ = 0;
};

/// "IN IP4 192.0.2.1" at the end of c=, o= and a=rtcp. Views into the line; empty when they are missing.
struct SdpAddress {
  std::string_view family;           ///< "IP4", "IP6"
  std::string_view host;             ///< with /ttl, if there is one
  std::optional<IpAddress> address;  ///< none: a host name, or unparsable
  explicit operator bool() const { return !host.empty(); }
};

/// `text` from the network type on.
SdpAddress parse_sdp_address(std::string_view text);

/// The name of an attribute: "rtpmap" of "rtpmap:0 PCMU/8000".
std::string_view attribute_name(std::string_view value);
/// What follows its colon; empty without one.
std::string_view attribute_value(std::string_view value);

/// o=: the last five words, whatever blanks a user name has.
struct SdpOrigin {
  std::string_view username, session_id, version;
  SdpAddress address;
};
/// None: fewer words than that.
std::optional<SdpOrigin> parse_sdp_origin(std::string_view value);

}  // namespace dw::sip
