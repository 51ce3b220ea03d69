#include "sbc/sip/register_cache.hpp"

#include <algorithm>
#include <charconv>

#include "sbc/sip/auth.hpp"
#include "sbc/sip/bindings.hpp"

namespace dw::sip {
namespace {

/// Only a REGISTER that keeps one Contact is ever answered here.
bool is_plain(const Registering& r) {
  return r.contacts.size() == 1 && r.others.empty() && !r.star && !r.contacts.front().keep_alive &&
         r.wanted(r.contacts.front()) != 0;
}

}  // namespace

RegisterCache::Credentials RegisterCache::credentials_of(const Message& m) {
  Credentials out;
  for (const Field& field : m.fields()) {
    if (field.name != FieldName::authorization && field.name != FieldName::proxy_authorization) continue;
    const std::string_view value = m.value(field);
    for (const char* const name : {"username", "realm", "nonce", "uri"})
      out.who.append(auth_param(value, name)).append("\n");
    out.response.append(auth_param(value, "response")).append("\n");
    const std::string_view count = auth_param(value, "nc");
    std::uint64_t number = 0;
    std::from_chars(count.data(), count.data() + count.size(), number, 16);
    out.count = std::max(out.count, number);
  }
  return out;
}

void RegisterCache::remember(TimePoint now, std::uint64_t binding, const Flow& flow, const Message& request,
                             const Registering& registering, std::uint32_t granted, std::uint32_t lease,
                             std::string lines) {
  // Worth it when at least one refresh is saved.
  if (!is_plain(registering) || granted / 2 <= lease || lines.size() > kMaxLines) return forget(binding);
  all_[binding] = {.flow = flow,
                   .call_id = std::string(request.call_id()),
                   .from_tag = std::string(request.from_tag()),
                   .contact = with_expires(registering.contacts.front().value, std::nullopt),
                   .lines = std::move(lines),
                   .cseq = request.cseq(),
                   .lease = lease,
                   .credentials = credentials_of(request),
                   .ask_at = now + std::chrono::seconds(granted / 2),
                   .lease_end = now + std::chrono::seconds(lease) + Binding::kGrace};
}

std::optional<RegisterCache::Answer> RegisterCache::answer(TimePoint now, std::uint64_t binding, const Flow& flow,
                                                           const Message& request, const Registering& registering) {
  const auto at = all_.find(binding);
  if (at == all_.end() || !is_plain(registering)) return std::nullopt;
  Entry& e = at->second;
  if (now >= e.ask_at || now >= e.lease_end || e.flow != flow || e.call_id != request.call_id() ||
      e.from_tag != request.from_tag() || request.cseq() <= e.cseq)
    return std::nullopt;
  const RegisterContact& contact = registering.contacts.front();
  if (e.contact != with_expires(contact.value, std::nullopt) || registering.wanted(contact) < e.lease)
    return std::nullopt;
  Credentials shown = credentials_of(request);
  if (shown.who != e.credentials.who) return std::nullopt;
  const bool repeats = shown.count == 0 && e.credentials.count == 0 && shown.response == e.credentials.response;
  if (!repeats && shown.count <= e.credentials.count) return std::nullopt;
  e.credentials = std::move(shown);
  e.cseq = request.cseq();
  e.lease_end = now + std::chrono::seconds(e.lease) + Binding::kGrace;
  return Answer{e.lease, e.lines};
}

}  // namespace dw::sip
