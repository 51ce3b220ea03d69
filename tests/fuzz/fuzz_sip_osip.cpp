// Two readers of SIP, ours and GNU oSIP's (libosip2): of a message that both take, they must read the same
// method or status, Request-URI, Call-ID, CSeq, topmost Via, tags, first Contact and body. What one of them
// alone takes is fine.
#include <osipparser2/osip_parser.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "sbc/sip/message.hpp"

namespace {

using namespace dw;
using namespace dw::sip;

/// What a message says, by name, in a spelling that both sides' can be brought to.
using Seen = std::map<std::string, std::string>;

std::string small(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    c = lower(c);
  return out;
}

int hex(char c) {
  c = lower(c);
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// As far as oSIP reads, which is to an escaped NUL. Nothing where a % begins no escape: each reads on as it
/// likes.
std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) return std::nullopt;
      c = static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    }
    out += c;
  }
  return out.substr(0, out.find('\0'));
}

std::string number(std::string_view digits) {
  const auto value = parse_number(trim(digits), 0xffffffff);
  return value ? std::to_string(*value) : "no number: " + std::string(digits);
}

std::string_view without_brackets(std::string_view host) {
  return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

void see_uri(Seen& seen, const std::string& what, const Uri& uri) {
  seen[what + " scheme"] = small(uri.scheme_text);
  if (!uri.is_sip()) return;
  if (const auto user = unescaped(uri.user.substr(0, uri.user.find(':')))) seen[what + " user"] = *user;
  seen[what + " host"] = small(without_brackets(uri.host));
  seen[what + " port"] = uri.port ? std::to_string(*uri.port) : "";
}

std::string text_of(const char* text) {
  return text ? text : "";
}

void see_uri(Seen& seen, const std::string& what, const osip_uri_t& uri) {
  const std::string scheme = uri.scheme ? small(uri.scheme) : "sip";
  seen[what + " scheme"] = scheme;
  if (scheme != "sip" && scheme != "sips") return;
  seen[what + " user"] = text_of(uri.username);  // is unescaped
  seen[what + " host"] = small(text_of(uri.host));
  seen[what + " port"] = uri.port ? number(uri.port) : "";
}

/// Of a parameter that stands there twice we take the first that has a value, oSIP the first.
bool repeats(std::string_view text, std::string_view name) {
  Params params(text);
  int times = 0;
  while (const auto param = params.next())
    times += equal_ignoring_case(param->name, name);
  return times > 1;
}

/// Ours; nothing when a proxy would answer 400.
std::unique_ptr<Seen> ours(std::string_view text) {
  static const auto message = std::make_unique<Message>();
  const Message& m = *message;
  if (!message->parse(as_bytes(text)) || m.fault()) return nullptr;
  auto seen = std::make_unique<Seen>();
  if (m.is_request()) {
    const auto uri = parse_uri(m.request_uri());
    if (!uri) return nullptr;
    (*seen)["method"] = std::string(m.method_text());
    see_uri(*seen, "Request-URI", *uri);
  } else {
    (*seen)["status"] = std::to_string(m.status());
  }
  (*seen)["CSeq number"] = std::to_string(m.cseq());
  (*seen)["CSeq method"] = std::string(m.method_text());
  (*seen)["Call-ID"] = std::string(m.call_id());
  if (!repeats(m.from().params, "tag")) (*seen)["From tag"] = std::string(m.from_tag());
  if (!repeats(m.to().params, "tag")) (*seen)["To tag"] = std::string(m.to_tag());
  (*seen)["Via transport"] = small(m.via().transport);
  if (m.via().host.find_first_of(" \t\r\n") == std::string_view::npos)  // we keep blanks in brackets
    (*seen)["Via host"] = small(without_brackets(m.via().host));
  (*seen)["Via port"] = m.via().port ? std::to_string(*m.via().port) : "";
  // oSIP still takes RFC 2543's comments, "(…)", out of a Via.
  if (!repeats(m.via().params, "branch") && m.via().params.find('(') == std::string_view::npos)
    (*seen)["Via branch"] = std::string(m.via().branch);
  (*seen)["body"] = std::string(m.body());
  if (m.content_length()) (*seen)["Content-Length"] = std::to_string(*m.content_length());
  std::string_view contacts = m.value_of(FieldName::contact);
  if (const auto first = next_value(contacts)) {
    const auto contact = parse_name_addr(*first);
    const auto uri = contact && !contact->star ? parse_uri(contact->uri) : fail(Errc::invalid, "");
    if (uri) see_uri(*seen, "Contact", *uri);
  }
  return seen;
}

std::string param_of(osip_list_t& params, std::string name) {
  osip_generic_param_t* param = nullptr;
  osip_generic_param_get_byname(&params, name.data(), &param);
  return param ? text_of(param->gvalue) : "";
}

std::string tag_of(osip_from_t* address) {
  return param_of(address->gen_params, "tag");
}

bool is_multipart(const osip_content_type_t& type) {
  return equal_ignoring_case(text_of(type.type), "multipart");
}

struct Freed {
  void operator()(osip_message_t* message) const { osip_message_free(message); }
};

std::unique_ptr<Seen> theirs(const std::string& text) {
  osip_message_t* made = nullptr;
  if (osip_message_init(&made) != 0) return nullptr;
  const std::unique_ptr<osip_message_t, Freed> m(made);
  if (osip_message_parse(m.get(), text.c_str(), text.size()) != 0) return nullptr;
  osip_via_t* via = nullptr;
  osip_message_get_via(m.get(), 0, &via);
  if (!via || !m->from || !m->to || !m->call_id || !m->cseq) return nullptr;
  auto seen = std::make_unique<Seen>();
  if (m->sip_method) {
    (*seen)["method"] = m->sip_method;
    if (!m->req_uri) return nullptr;
    see_uri(*seen, "Request-URI", *m->req_uri);
  } else {
    (*seen)["status"] = std::to_string(m->status_code);
  }
  (*seen)["CSeq number"] = number(text_of(m->cseq->number));
  (*seen)["CSeq method"] = text_of(m->cseq->method);
  (*seen)["Call-ID"] = text_of(m->call_id->number) + (m->call_id->host ? "@" + text_of(m->call_id->host) : "");
  (*seen)["From tag"] = tag_of(m->from);
  (*seen)["To tag"] = tag_of(m->to);
  (*seen)["Via transport"] = small(text_of(via->protocol));
  (*seen)["Via host"] = small(text_of(via->host));
  (*seen)["Via port"] = via->port ? number(via->port) : "";
  (*seen)["Via branch"] = param_of(via->via_params, "branch");
  (*seen)["Content-Length"] = m->content_length ? number(text_of(m->content_length->value)) : "";
  if (m->content_type && osip_list_size(&m->bodies) == 1 && !is_multipart(*m->content_type)) {
    osip_body_t* body = nullptr;
    osip_message_get_body(m.get(), 0, &body);
    (*seen)["body"] = body ? std::string(body->body, body->length) : "";
  }
  osip_contact_t* contact = nullptr;
  osip_message_get_contact(m.get(), 0, &contact);
  if (contact && contact->url) see_uri(*seen, "Contact", *contact->url);
  return seen;
}

}  // namespace

/// LeakSanitizer asks for this. oSIP loses a part of a multipart body that it then refuses; that is not ours to find.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libosipparser2";
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int ready = [] {
    osip_trace_initialize_func(TRACE_LEVEL0, [](const char*, int, osip_trace_level_t, const char*, va_list) {});
    return parser_init();
  }();
  if (ready != 0) std::abort();
  const std::string text(as_text(Bytes(data, size)));
  if (text.find('\0') != text.npos) return 0;  // oSIP's strings end there
  const auto we = ours(text);
  if (!we) return 0;
  const auto they = theirs(text);
  if (!they) return 0;
  for (const auto& [what, value] : *we) {
    const auto other = they->find(what);
    if (other == they->end() || other->second == value) continue;
    std::fprintf(stderr, "%s: we read \"%s\", oSIP reads \"%s\"\n", what.c_str(), value.c_str(), other->second.c_str());
    std::abort();
  }
  return 0;
}
