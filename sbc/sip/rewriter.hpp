#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "sbc/sip/bindings.hpp"
#include "sbc/sip/edits.hpp"
#include "sbc/sip/hop.hpp"
#include "sbc/sip/message.hpp"
#include "sbc/sip/proxy_options.hpp"
#include "sbc/sip/register.hpp"
#include "sbc/sip/servers.hpp"

namespace dw::sip {

/// What is changed in the header of a message for its next hop: FORMAT.md has it as a table. Owns nothing and keeps
/// nothing: a message and a Hop go in, Edits come out. Reads which hosts are servers of ours, and which users are
/// registered where a phone is. Bodies are not its part, nor is which Contacts a phone sees in the answer to its
/// REGISTER. No I/O.
class Rewriter {
 public:
  Rewriter(const ProxyOptions& options, const Servers& servers, const Bindings& bindings)
      : options_(options), servers_(servers), bindings_(bindings) {}

  /// What a request has on its way, beside what its hop says.
  struct Request {
    std::string_view branch;
    std::string_view target{};  ///< its Request-URI; empty: its own, with its host mapped
    std::string_view routes{};  ///< whole Route lines
    const Registering* registering = nullptr;
    bool keeps_routes = false;  ///< a registered phone's: routes that name our servers stay
  };
  /// `back` takes what the responses have to show again.
  void edit_request(const Message& m, const Hop& hop, const Request& request, ReturnPath& back, Edits& edits) const;
  /// All but Contact and the status line.
  void edit_response(const Message& m, const Hop& hop, const ReturnPath& back, Edits& edits) const;
  /// Each Contact names us by its user; its header's parameters stay. One that redirects names whom it means
  /// (RFC 3261 §8.1.3.4), so that only its host is mapped.
  void edit_contact(const Message& m, const Hop& hop, Edits& edits) const;
  /// A digest over a body that is changed on the way can't be right (RFC 7616 §3.4.3): no phone is asked for one where
  /// the server takes another too. Returned: how many challenges ask for such a digest and no other.
  unsigned edit_challenges(const Message& m, Edits& edits) const;

 private:
  bool map_host(const Uri& uri, const Hop& hop, Edits& edits) const;
  std::optional<std::string> mapped_host(const Uri& uri, const Hop& hop) const;
  void edit_request_uri(const Message& m, const Hop& hop, std::string_view target, Edits& edits) const;
  std::string kept_routes(const Message& m, const Hop& hop) const;
  /// For a request `noted` takes the hosts that were changed; a response gets those of `back`.
  void edit_hosts(const Message& m, const Hop& hop, ReturnPath* noted, const ReturnPath* back, Edits& edits) const;
  void edit_identity(const Message& m, const Hop& hop, Edits& edits) const;
  bool removes(const Message& m, const Field& field, const Hop& hop) const;
  void edit_register_contacts(const Registering& r, const Message& m, const Hop& hop, Edits& edits) const;
  bool is_ours(std::string_view host, const Flow& phone) const { return names_us(host, phone, options_.advertise); }

  const ProxyOptions& options_;
  const Servers& servers_;
  const Bindings& bindings_;
};

}  // namespace dw::sip
