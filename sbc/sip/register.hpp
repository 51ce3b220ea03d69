#pragma once
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/sip/flow.hpp"
#include "sbc/sip/home.hpp"
#include "sbc/sip/message.hpp"

namespace dw::sip {

/// One Contact of a REGISTER, as the phone wrote it.
struct RegisterContact {
  std::string value;  ///< all of it
  std::string uri;
  std::string user;
  std::string instance;                  ///< +sip.instance; empty: none
  std::string reg_id;                    ///< RFC 5626 §4.2; empty: none
  std::optional<std::uint32_t> expires;  ///< its own parameter
  bool keep_alive = false;   ///< cisco-keep-alive: a heartbeat to a standby server, whatever it says of expiry
  std::string token;         ///< by which the central server knows it
  std::string key;           ///< binding_key()
  std::string group;         ///< contact_group()
  std::uint16_t port = 0;    ///< that the phone hears at; 0: that of its flow
  bool loses_token = false;  ///< the server's answer does not list it with its token
  std::optional<std::uint32_t> granted;  ///< s, as the server's answer has it
};

/// What a REGISTER asks, until it is answered.
struct Registering {
  static constexpr std::size_t kMaxContacts = 6;          ///< as many as phones keep (sip-sbc §2.1)
  static constexpr std::uint32_t kDefaultExpires = 3600;  ///< s (RFC 3261 §10.2)

  std::string aor, user;
  Home home;  ///< of the phone's config, or the domain that it wrote
  std::vector<RegisterContact> contacts;
  std::vector<std::string>
      others;  ///< Contacts that are no SIP URI (tel:, mailto:), whole: the server's to keep, no way to a phone
  bool star = false;
  std::optional<std::uint32_t> expires;  ///< the header
  std::string call_id, user_agent, device;
  unsigned device_type = 0;
  bool authorized = false;  ///< it answers a challenge
  std::uint32_t cseq = 0;
  bool overtaken = false;  ///< a later one has unregistered: its answer binds nothing any more
  bool maps_host = false;
  bool is_cisco = false;  ///< it unregisters itself below Registrar::kLeastExpires
  Reach reach;
  std::string us;  ///< host and port of our Contacts, as the server has them

  bool is_query() const { return contacts.empty() && others.empty() && !star; }
  bool keeps_alive() const { return contacts.size() == 1 && contacts.front().keep_alive; }
  std::uint32_t wanted(const RegisterContact& contact) const {
    return contact.expires ? *contact.expires : expires.value_or(kDefaultExpires);
  }
  /// The expiry that the server is asked for. `longer`: at least kDefaultExpires, as refreshes are answered here.
  std::uint32_t asked(const RegisterContact& contact, bool longer) const {
    const std::uint32_t seconds = wanted(contact);
    return !longer || seconds == 0 || contact.keep_alive ? seconds : std::max(seconds, kDefaultExpires);
  }
  bool unregisters(const RegisterContact& contact) const { return wanted(contact) == 0 && !contact.keep_alive; }
};

/// An expiry in seconds: one that is no number is the default one (RFC 3261 §20.19, §10.3), a larger one the largest.
std::uint32_t read_expires(std::string_view text);

/// Reads what the registrar's mapping needs. Errc::malformed: an invalid Contact; too_long: too many. Tokens and
/// keys are left empty.
Result<Registering> read_register(const Message& m);

/// A Contact value with another expires parameter, or without one; every other octet as it was.
std::string with_expires(std::string_view contact_value, std::optional<std::uint32_t> expires);

struct Binding;
/// Gives a binding its group and key, made of its AOR, contact and reach.
void name_binding(Binding& b);

/// "SEP001122334455" out of +u.sip!devicename.ccm.cisco.com, or of the MAC in +sip.instance
/// (cisco-provisioning §5.3); empty: neither is there.
std::string device_of(std::string_view contact_params);

}  // namespace dw::sip
