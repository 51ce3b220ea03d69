#pragma once
#include <array>
#include <span>
#include <string>
#include <string_view>

#include "sbc/base/endpoint.hpp"

namespace dw::sip {

/// Hosts that a text must not show to the other side: those that are named here, in whatever spelling, and in
/// an SDP every private address that is not ours.
class HiddenHosts {
 public:
  static constexpr std::size_t kMax = 24;

  /// One of ours: may be shown, even if it is hidden too. To be called before any address is hidden.
  void allow(const IpAddress& address);
  /// No address, the unspecified one and a multicast address belong to nobody, and are never hidden.
  void hide(const IpAddress& address) {
    if (address) hide(address, {});
  }
  /// As it is spelled; no address: a name, or a piece of an address. `text` must live as long as this is asked.
  /// A name without a dot is a word that may stand for anything, and is not hidden.
  void hide(const IpAddress& address, std::string_view text);
  bool too_many() const { return too_many_; }

  /// Whether one of them, or a private address, stands in `text`. An address that is part of a longer number
  /// counts too, unless an address of ours looks like that.
  bool is_in(std::string_view text) const;
  /// Whether a hidden address stands in `text`.
  bool stands_in(std::string_view text) const;
  /// Appends `text`, but `with` wherever a hidden address stands. What has the form of a Call-ID or a Content-ID
  /// (word@host, cid:word@host) stays: header fields say the same, and must. True: something was put there.
  bool put_without(std::string_view text, std::string_view with, std::string& out) const;

 private:
  struct Host {
    IpAddress address;
    std::string_view text;
  };
  struct Found {
    std::size_t offset = 0, length = 0;
    IpAddress address;
  };
  std::span<const Host> hosts() const { return std::span(hosts_).first(count_); }
  bool is_allowed(const IpAddress& address) const;
  bool is_hidden(const IpAddress& address) const;
  bool looks_like_ours(std::string_view text) const;
  /// The next address in `text` from `from` on; length 0: none. "192.168.001.005" is one too.
  static Found next_address(std::string_view text, std::size_t from);

  std::array<Host, kMax> hosts_;
  std::array<IpAddress, kMax> allowed_;
  std::size_t count_ = 0, allowed_count_ = 0;
  bool too_many_ = false;
};

}  // namespace dw::sip
