#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/endpoint.hpp"

namespace dw::sip {

/// Hosts that a text must not tell to the other side: those that are named here, in whatever spelling, and in
/// an SDP every private address that is none of ours.
class HiddenHosts {
 public:
  static constexpr std::size_t kMax = 32;

  /// No address, the unspecified one and a group's are nobody's, and never hidden.
  void hide(const IpAddress& address);
  /// A host as it is spelled: an address, or a name with a dot; what follows a "/" is no part of it.
  void hide(std::string_view host);
  /// Ours: may be told, whatever else is said.
  void allow(const IpAddress& address);
  bool empty() const { return addresses_.empty() && names_.empty(); }
  bool too_many() const { return addresses_.size() + names_.size() > kMax; }

  /// Whether one of them, or a private address, stands in `text`. An address that is part of a longer number
  /// counts too, unless an address of ours looks like that.
  bool told_in(std::string_view text) const;
  /// Whether a hidden address stands in `text`.
  bool stands_in(std::string_view text) const;
  /// Appends `text`, but `with` wherever a hidden address stands. What has the form of a Call-ID or a Content-ID
  /// (word@host, cid:word@host) stays: header fields say the same, and must. True: something was put there.
  bool put_without(std::string_view text, std::string_view with, std::string& out) const;

 private:
  struct Host {
    IpAddress address;
    std::string text;
  };
  struct Found {
    std::size_t offset = 0, length = 0;
    IpAddress address;
  };
  bool is_allowed(const IpAddress& address) const;
  bool is_hidden(const IpAddress& address) const;
  /// The next address in `text` from `from` on; length 0: none. "192.168.001.005" is one too.
  static Found next_address(std::string_view text, std::size_t from);

  std::vector<Host> addresses_, allowed_;
  std::vector<std::string> names_;
};

}  // namespace dw::sip
