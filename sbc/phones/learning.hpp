#pragma once
#include <cstddef>
#include <string_view>

#include "sbc/phones/model.hpp"
#include "sbc/phones/phone.hpp"

// What a phone's requests and registrations show of the phone itself.
namespace dw::phones {

constexpr std::size_t kMaxSaid = 64;  ///< characters kept of a firmware's name or a user agent

/// Evidence from the phone itself overrides what was thought before; a load that its config names only narrows.
void narrow_model(Phone& phone, Models evidence, bool from_phone);
void learn(Phone& phone, const FileStep& file, FileKind kind);
/// What the phone says of itself when it registers.
void learn(Phone& phone, const SignallingStep& reported);
/// Its config names this load. That is what it runs, unless it was seen to ask for it, or a part of it, in vain.
void learn_named_load(Phone& phone, std::string_view load);
/// Whether a SIP phone that says no name may be this one.
bool may_be(const Phone& phone, std::string_view user_agent);

}  // namespace dw::phones
