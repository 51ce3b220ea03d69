#include "sbc/sip/register.hpp"

#include <algorithm>

#include "sbc/base/ids.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/sip/bindings.hpp"

namespace dw::sip {
namespace {

constexpr std::uint64_t kMaxExpires = 0xffffffff;  // RFC 3261 §20.19

std::string_view unquoted(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

Result<RegisterContact> read_contact(const NameAddr& value) {
  RegisterContact out;
  out.value = value.text;
  out.uri = value.uri;
  const auto uri = parse_uri(value.uri);
  if (!uri) return std::unexpected(uri.error());
  out.user = uri->user;
  Params params(value.params);
  while (const auto param = params.next()) {
    if (equal_ignoring_case(param->name, "expires")) {
      out.expires = read_expires(param->value);
    } else if (equal_ignoring_case(param->name, "+sip.instance")) {
      out.instance = param->value;
    } else if (equal_ignoring_case(param->name, "reg-id")) {
      out.reg_id = param->value;
    } else if (equal_ignoring_case(param->name, "cisco-keep-alive")) {
      out.keep_alive = true;
    }
  }
  if (!params.well_formed()) return fail(Errc::malformed, "a Contact's parameters make no sense");
  return out;
}

}  // namespace

std::uint32_t read_expires(std::string_view text) {
  text = unquoted(trim(text));
  const bool is_number = !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  return static_cast<std::uint32_t>(
      parse_number(text, kMaxExpires).value_or(is_number ? kMaxExpires : Registering::kDefaultExpires));
}

Result<Registering> read_register(const Message& m) {
  Registering out;
  out.call_id = m.call_id();
  out.cseq = m.cseq();
  out.user_agent = m.value_of(FieldName::user_agent).substr(0, 128);
  for (const Field& field : m.fields()) {
    if (field.name == FieldName::authorization || field.name == FieldName::proxy_authorization) out.authorized = true;
    if (field.name == FieldName::expires) {
      out.expires = read_expires(m.value(field));
    }
    if (field.name != FieldName::contact) continue;
    std::string_view left = m.value(field);
    while (const auto value = next_value(left)) {
      const auto address = parse_name_addr(*value);
      if (!address) return std::unexpected(address.error());
      if (address->star) {
        out.star = true;
        continue;
      }
      if (out.contacts.size() + out.others.size() == Registering::kMaxContacts)
        return fail(Errc::too_long, "too many Contacts");
      const auto uri = parse_uri(address->uri);
      if (!uri) return std::unexpected(uri.error());
      if (!uri->is_sip()) {
        if (uri->text.contains("//")) return fail(Errc::malformed, "a Contact that names a place, and is no SIP URI");
        out.others.emplace_back(address->text);
        continue;
      }
      auto contact = read_contact(*address);
      if (!contact) return std::unexpected(contact.error());
      out.contacts.push_back(std::move(*contact));
      if (!out.device.empty()) continue;
      out.device = device_of(address->params);
      if (const auto model = find_param(address->params, "+u.sip!model.ccm.cisco.com"))
        out.device_type = static_cast<unsigned>(parse_number(unquoted(model->value), 0xffffff).value_or(0));
    }
  }
  constexpr std::string_view kCisco = "Cisco";
  out.is_cisco = out.device_type != 0 || out.keeps_alive() || starts_with_ignoring_case(out.user_agent, kCisco);
  // RFC 3261 §10.3 step 6.
  if (out.star && (!out.contacts.empty() || !out.others.empty() || out.expires != 0u))
    return fail(Errc::malformed, "Contact: * goes with Expires: 0 alone");
  return out;
}

std::string with_expires(std::string_view contact_value, std::optional<std::uint32_t> expires) {
  const std::string parameter = expires ? ";expires=" + std::to_string(*expires) : std::string();
  const auto parsed = parse_name_addr(contact_value);
  if (!parsed) return std::string(contact_value);
  std::string out(parsed->text);
  const auto old = find_param(parsed->params, "expires");
  if (!old) return expires ? out + parameter : out;
  std::size_t begin = offset_in(parsed->text, old->text);
  begin = parsed->text.rfind(';', begin);  // there is one: parameters begin with it
  const std::size_t end = offset_in(parsed->text, old->text) + old->text.size();
  return out.replace(begin, end - begin, parameter);
}

void name_binding(Binding& b) {
  const auto address = parse_name_addr(b.contact);
  const auto value_of = [&](std::string_view name) {
    const auto param = address ? find_param(address->params, name) : std::nullopt;
    return param ? param->value : std::string_view{};
  };
  b.user = plain_user(b.user);
  b.aor = user_key(b.aor);
  b.group = contact_group(b.aor, value_of("+sip.instance"), value_of("reg-id"));
  b.key = binding_key(b.aor, b.group, b.contact_uri, b.reach.flow.peer.address);
}

std::string device_of(std::string_view contact_params) {
  if (const auto named = find_param(contact_params, "+u.sip!devicename.ccm.cisco.com")) {
    const auto name = DeviceName::station(unquoted(named->value));
    if (name) return name->str();
  }
  // urn:uuid:00000000-0000-0000-0000-001122334455
  const auto instance = find_param(contact_params, "+sip.instance");
  if (!instance) return {};
  constexpr std::string_view kZeros = "urn:uuid:00000000-0000-0000-0000-";
  std::string_view text = unquoted(instance->value);
  if (text.starts_with('<') && text.ends_with('>')) text = text.substr(1, text.size() - 2);
  if (!starts_with_ignoring_case(text, kZeros)) return {};
  const auto name = DeviceName::parse(text.substr(kZeros.size()));
  return name ? name->str() : std::string();
}

}  // namespace dw::sip
