#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "sbc/sip/bindings.hpp"
#include "sbc/sip/home.hpp"
#include "sbc/sip/message.hpp"
#include "sbc/sip/proxy_options.hpp"
#include "sbc/sip/servers.hpp"

namespace dw::sip {

/// Which domain and servers a phone belongs to. A phone that has our address for its server writes it for its domain
/// too; its own config, before that was rewritten, says which domain is meant. Owns the domain of those whose home is
/// not known, and the question to whoever knows the configs. No I/O.
class Homes {
 public:
  Homes(const ProxyOptions& options, const Servers& servers, const Bindings& bindings);
  void configure();
  void ask(HomeOf homes) { homes_ = std::move(homes); }

  const std::string& default_domain() const { return domain_; }
  /// Of a phone at that address, as its config has it; empty: not known.
  Home of_phone(std::string_view device, std::string_view user, const IpAddress& at) const;
  /// Whoever writes a domain itself is at home there.
  Home of(const Binding& b) const;
  /// Of a request outside of any dialog; `from` is the URI of its From, if it can be read.
  Home of(const std::optional<Uri>& from, const Flow& flow, const Binding* binding) const;
  /// Nothing is known of it any more: a line that is registered stays where it is until its config is read again.
  Home kept(const Flow& from, std::string_view user) const;

  /// What stands behind the @ on the central side for whoever is at home there.
  std::string domain_of(const Home& home) const;
  /// The one that it registered with, whatever its config says by now.
  std::string domain_of(const Binding& b) const;
  /// Of a request outside of any dialog: without a binding what the phone's config says, if it is the only phone there.
  std::string domain_of(const std::optional<Uri>& from, const Flow& flow, const Binding* binding) const;

 private:
  const ProxyOptions& options_;
  const Servers& servers_;
  const Bindings& bindings_;
  std::string domain_;
  HomeOf homes_;
};

}  // namespace dw::sip
