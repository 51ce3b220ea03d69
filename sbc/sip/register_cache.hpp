#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "sbc/base/time.hpp"
#include "sbc/sip/flow.hpp"
#include "sbc/sip/message.hpp"
#include "sbc/sip/register.hpp"

namespace dw::sip {

/// Registrations that the central server accepted for longer than the phone knows, so that its next ones can be
/// answered here (sip-sbc §2.8). That changes no binding: it ends when the time that the server granted is over. Only
/// the phone itself is answered: the same flow, Contact, Call-ID and From tag, a CSeq that rises, and the credentials
/// that the server took, their nonce count rising. Anything else goes to the server, and so does what comes after half
/// of the server's time or after the phone's own. No I/O.
class RegisterCache {
 public:
  static constexpr std::size_t kMaxLines = 2048;  ///< octets of the server's answer that are kept

  /// The server accepted it for `granted` s, and the phone got `lease`; `lines` of its answer are in each answer of
  /// ours.
  void remember(TimePoint now, std::uint64_t binding, const Flow& flow, const Message& request,
                const Registering& registering, std::uint32_t granted, std::uint32_t lease, std::string lines);
  struct Answer {
    std::uint32_t lease = 0;
    const std::string& lines;
  };
  /// Nothing: the server must be asked.
  std::optional<Answer> answer(TimePoint now, std::uint64_t binding, const Flow& flow, const Message& request,
                               const Registering& registering);
  void forget(std::uint64_t binding) { all_.erase(binding); }
  template <class IsBound>
  void forget_unless(IsBound is_bound) {
    std::erase_if(all_, [&](const auto& entry) { return !is_bound(entry.first); });
  }
  std::size_t size() const { return all_.size(); }

 private:
  struct Credentials {
    std::string who;       ///< username, realm, nonce, uri; empty: none were asked for
    std::string response;  ///< without a nonce count it is the same each time
    std::uint64_t count = 0;
  };
  struct Entry {
    Flow flow;
    std::string call_id, from_tag, contact, lines;
    std::uint32_t cseq = 0, lease = 0;
    Credentials credentials;
    TimePoint ask_at{};     ///< the server, from then on
    TimePoint lease_end{};  ///< of the phone's lease
  };
  static Credentials credentials_of(const Message& m);

  std::unordered_map<std::uint64_t, Entry> all_;  // by Binding::id
};

}  // namespace dw::sip
