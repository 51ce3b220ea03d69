#pragma once
#include <array>

#include "sbc/doctor/finding_kind.hpp"

// Findings about who comes to this box, and who is kept out.
namespace dw::doctor {

inline constexpr auto kAccessKinds = std::to_array<FindingKind>({
    {"access_refused", Severity::warning, About::box, "A phone was kept out by access.networks",
     "It gets no files and can't register here, because its address is in none of the networks of access.networks.",
     "If it is a phone of yours, add its address or network to access.networks and run sudo systemctl reload "
     "dropwire. If it is not, all is well."},
    {"configs_open", Severity::info, About::box, "Whoever guesses a phone's name gets its config",
     "This box is open to the internet, and access.provisioning.phones is \"all\": a name is SEP and a MAC, and whoever asks "
     "for it gets that phone's config with its password.",
     "Set access.provisioning.phones = \"known\": phones that register through this box stay admitted where they are, new "
     "ones are admitted with dropwire admit or by access.provisioning.list. If all your phones are in networks that "
     "you know, name those in access.networks too."},
    {"enumeration", Severity::warning, About::box, "Somebody guesses file names",
     "Configs are named after MACs, and whoever guesses one gets that phone's config with its password. Each source may try "
     "a few names a second that nobody knows to exist; files that exist stay open for its phones.",
     "If it is not one of your phones, block its address: fail2ban can read event=enumeration in the log. "
     "access.networks says who may ask at all. If it is a site whose phones boot for the first time, it is over soon."},
});

}  // namespace dw::doctor
