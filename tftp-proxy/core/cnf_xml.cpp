// SEP<MAC>.cnf.xml, XMLDefault.cnf.xml and the WLAN files of 792x. Longer than 400 lines, as one walk through the
// document finds the facts and makes the edits: a second one could see another document than the first.
#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "sbc/base/escape.hpp"
#include "sbc/base/text_cursor.hpp"
#include "tftp-proxy/core/cnf_policy.hpp"
#include "tftp-proxy/core/cnf_xml_rules.hpp"
#include "tftp-proxy/core/xml_fault.hpp"
#include "tftp-proxy/core/xml_splice.hpp"

namespace dw::provisioning {
namespace {

using enum Becomes;
using O = RewriteOptions;

/// The group is below devicePool in a device's file and below the root in the default one.
constexpr std::array<std::string_view, 2> kMembers = {"devicePool/callManagerGroup/members",
                                                      "callManagerGroup/members"};
/// Where a call server is; the second is a dual-stack phone's first choice (ipPreferenceModeControl).
constexpr std::array<const char*, 2> kAddresses = {"processNodeName", "ipv6Addr"};
/// What a device's own settings may say, those of its profile and of the whole enterprise may say for it.
constexpr std::string_view kVendor = "vendorConfig/";
constexpr std::array<std::string_view, 2> kLikeVendor = {"commonConfig/", "enterpriseConfig/"};
constexpr std::string_view kLoadInformation = "loadInformation";
constexpr std::uint32_t kMaxPriority = 1000;
constexpr std::size_t kMaxServers = 64;

class XmlRewriter {
 public:
  XmlRewriter(const XmlFile& file, Bytes original, CnfEditor& editor)
      : file_(file), original_(original), editor_(editor), options_(editor.options()) {}

  /// The facts alone.
  void read() {
    collect_servers();
    collect_facts();
  }

  void device() {
    read();
    edit_call_servers();
    edit_lines();
    edit_security();
    edit_transport();
    edit_default_loads();
    for (const Rule& rule : xml_rules::kAll) {
      apply(rule, rule.where);
      if (!rule.where.starts_with(kVendor)) continue;
      for (const std::string_view same : kLikeVendor)
        apply(rule, std::string(same) + std::string(rule.where.substr(kVendor.size())));
    }
    edit_stamp();
  }

  void wlan() {
    for (const std::string_view name : {"TFTPServer1", "TFTPServer2"}) {
      for (const pugi::xml_node element : file_.named(name))
        change(element, name, act(options_.tftp_server, {host}, {no_host}));
    }
  }

 private:
  struct Member {
    pugi::xml_node element;
    std::uint32_t priority = 0;
    bool named = false;
  };

  static Change act(Action action, Change rewrite, Change drop) {
    return action == Action::leave ? Change{} : action == Action::rewrite ? rewrite : drop;
  }

  /// The text of an element; gives the file up when it has no plain one.
  std::optional<XmlText> text_of(pugi::xml_node element, std::string_view what) {
    if (!element || editor_.refused()) return std::nullopt;
    auto text = file_.text(element);
    if (text) return std::move(*text);
    editor_.refuse(NoteCode::passed_unexpected, what, text.error().text, text.error().offset);
    return std::nullopt;
  }

  /// For facts alone: what has no plain text counts as empty.
  std::string peek(std::string_view path) const {
    for (const pugi::xml_node element : file_.at(path)) {
      const auto text = file_.text(element);
      if (text && !text->value.empty()) return text->value;
    }
    return {};
  }
  std::string peek(pugi::xml_node parent, const char* name) const {
    const auto text = parent.child(name) ? file_.text(parent.child(name)) : XmlText{};
    return text ? text->value : std::string();
  }

  void change(pugi::xml_node element, std::string_view what, const Change& change) {
    if (change.becomes == same) return;
    const auto text = text_of(element, what);
    if (!text) return;
    const auto to = changed_value(change, text->value, options_);
    if (!to) return;
    const bool secret = change.becomes == url || change.becomes == no_url || change.becomes == host_port;
    std::string shown = to->empty() ? "was taken out"
                        : secret    ? "now leads to Dropwire"
                                    : fmt::format("is now \"{}\"", escaped(*to));
    shown = secret ? "the URL " + shown : fmt::format("\"{}\" {}", escaped(text->value), shown);
    editor_.replace(what, text->offset, text->length, spelt(*to, *text), std::move(shown));
  }

  /// Markup in a new value is written as entities, but not in a CDATA section.
  std::string spelt(const std::string& value, const XmlText& where) const {
    if (as_text(original_.subspan(where.offset + where.length)).starts_with("]]>")) return value;
    std::string out;
    for (const char c : value)
      out += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
    return out;
  }

  /// A port goes with its host: where that is ours, each port of that name beside it is too.
  void change_ports(pugi::xml_node parent, const char* name, std::uint16_t port) {
    const std::string number = std::to_string(port);
    for (const pugi::xml_node element : parent.children(name))
      change(element, name, {word, number});
  }

  void apply(const Rule& rule, std::string_view where) {
    const Action action = options_.*rule.group;
    if (action == Action::leave) return;
    const auto slash = where.rfind('/');
    const std::string_view above = slash == where.npos ? std::string_view() : where.substr(0, slash);
    const std::string name(where.substr(slash + 1));  // npos + 1 is 0: all of it
    for (const pugi::xml_node parent : file_.at(above)) {
      bool moved = false;
      for (const pugi::xml_node element : parent.children(name.c_str())) {
        const auto text = text_of(element, where);
        if (!text) return;
        change(element, where, action == Action::rewrite ? rule.rewrite : rule.drop);
        moved = moved || (action == Action::rewrite && names_host(text->value));
      }
      if (!moved) continue;
      if (!rule.port.empty()) change_ports(parent, std::string(rule.port).c_str(), options_.*rule.port_option);
      if (rule.group == &O::emergency_proxy)
        editor_.note(NoteCode::emergency_route, where, "emergency calls now go through Dropwire", 0);
    }
  }

  std::vector<Member> members_of(pugi::xml_node members) const {
    std::vector<Member> out;
    for (const pugi::xml_node element : members.children("member")) {
      const auto position = static_cast<std::uint32_t>(std::min<std::size_t>(out.size(), kMaxPriority));
      const auto priority = parse_number(trim(element.attribute("priority").value()), kMaxPriority);
      Member member{element, static_cast<std::uint32_t>(priority.value_or(position)), false};
      for (const pugi::xml_node manager : element.children("callManager"))
        member.named = member.named || is_named(manager);
      out.push_back(member);
    }
    return out;
  }

  void collect_servers() {
    auto& servers = editor_.facts().call_servers;
    for (const std::string_view path : kMembers) {
      for (const pugi::xml_node members : file_.at(path)) {
        for (const Member& member : members_of(members)) {
          for (const pugi::xml_node manager : member.element.children("callManager")) {
            CallServer server{peek(manager, "processNodeName"), member.priority, 0, 0};
            const pugi::xml_node ports = manager.child("ports");
            server.sccp_port =
                static_cast<std::uint16_t>(parse_number(peek(ports, "ethernetPhonePort"), 65535).value_or(0));
            server.sip_port = static_cast<std::uint16_t>(parse_number(peek(ports, "sipPort"), 65535).value_or(0));
            if (!names_host(server.host) || servers.size() == kMaxServers) continue;
            const auto place = std::ranges::upper_bound(servers, server.priority, {}, &CallServer::priority);
            servers.insert(place, std::move(server));
          }
        }
      }
    }
  }

  bool is_named(pugi::xml_node manager) const {
    return std::ranges::any_of(kAddresses, [&](const char* name) { return names_host(peek(manager, name)); });
  }

  void edit_member(const Member& member, Action action, std::string_view path) {
    const std::string what = std::string(path) + "/member/callManager/";
    for (const pugi::xml_node manager : member.element.children("callManager")) {
      for (const pugi::xml_node name : manager.children(kAddresses[0]))
        change(name, what + kAddresses[0], act(action, {host}, {no_host}));
      for (const pugi::xml_node name : manager.children(kAddresses[1]))
        change(name, what + kAddresses[1], act(action, {host_v6}, {no_host}));
      if (action != Action::rewrite || !is_named(manager)) continue;
      for (const pugi::xml_node ports : manager.children("ports")) {
        change_ports(ports, "ethernetPhonePort", options_.sccp_port);
        change_ports(ports, "sipPort", options_.sip_port);
        if (options_.sips_port != 0) change_ports(ports, "securedSipPort", options_.sips_port);
      }
    }
  }

  /// The member with the lowest priority that names a host stays, so there is always one; the rest are
  /// spares.
  void edit_call_servers() {
    for (const std::string_view path : kMembers) {
      for (const pugi::xml_node members : file_.at(path)) {
        const std::vector<Member> all = members_of(members);
        const Member *first = nullptr, *away = nullptr;
        for (const Member& member : all) {
          const Member*& found = is_ours(member) ? first : away;
          if (member.named && (found == nullptr || member.priority < found->priority)) found = &member;
        }
        if (first == nullptr && away != nullptr) leave_group_alone(*away, path);
        if (first == nullptr) continue;
        edit_member(*first, options_.call_servers, path);
        for (const Member& member : all) {
          if (&member == first) continue;
          if (options_.spare_call_servers == Action::drop) remove_member(member, path);
          if (options_.spare_call_servers == Action::rewrite) edit_member(member, Action::rewrite, path);
        }
      }
    }
  }

  /// Of an SCCP phone all are: what its server is called says nothing of a domain.
  bool is_ours(const Member& member) const {
    if (editor_.facts().signalling != Signalling::sip || !options_.central_hosts_only) return true;
    return std::ranges::any_of(member.element.children("callManager"), [&](pugi::xml_node manager) {
      return std::ranges::any_of(kAddresses, [&](const char* name) {
        const std::string host = peek(manager, name);
        return names_host(host) && is_central(host, options_);
      });
    });
  }

  void leave_group_alone(const Member& member, std::string_view path) {
    group_left_ = true;
    editor_.leave_alone(path, 0, peek(member.element.child("callManager"), kAddresses[0]), 0);
  }

  /// Whether a line's own server is the central side's. By default the file's own call servers are, and the server of
  /// the first line that has one, as the same server may be written in two ways.
  bool is_ours(std::string_view host, std::string_view first) const {
    if (is_central(host, options_)) return true;
    if (options_.central_hosts_only) return false;
    return equal_ignoring_case(host, first) ||
           std::ranges::any_of(editor_.facts().call_servers,
                               [&](const CallServer& s) { return equal_ignoring_case(s.host, host); });
  }

  void remove_member(const Member& member, std::string_view path) {
    auto edit = file_.removal(member.element);
    if (!edit) return editor_.refuse(NoteCode::passed_unexpected, path, edit.error().text, edit.error().offset);
    const std::string host = peek(member.element.child("callManager"), "processNodeName");
    editor_.remove(
        std::string(path) + "/member", std::move(*edit),
        fmt::format("the spare call server \"{}\" (priority {}) was taken out", escaped(host), member.priority));
  }

  /// A line's proxy becomes the word that means "the call manager group", or the host where there is no
  /// group.
  void edit_lines() {
    constexpr std::string_view kWhat = "sipProfile/sipLines/line/proxy";
    if (options_.line_proxy == Action::leave) return;
    const Change rewrite =
        editor_.facts().call_servers.empty() || group_left_ ? Change{host} : Change{word, "USECALLMANAGER"};
    std::string first;
    std::uint32_t place = 0;
    for (const pugi::xml_node line : file_.at("sipProfile/sipLines/line")) {
      ++place;
      bool moved = false;
      for (const pugi::xml_node proxy : line.children("proxy")) {
        const auto text = text_of(proxy, kWhat);
        if (text && names_host(text->value)) {
          if (place == 1) first = text->value;
          if (!is_ours(text->value, first)) {
            editor_.leave_alone(kWhat, number_of(line, place), text->value, text->offset);
            continue;
          }
        }
        moved = moved || (text && names_host(text->value));
        if (text && names_host(text->value)) change(proxy, kWhat, act(options_.line_proxy, rewrite, {no_host}));
      }
      if (moved && options_.line_proxy == Action::rewrite) change_ports(line, "port", options_.sip_port);
    }
  }

  /// Modes 2 (authenticated) and 3 (encrypted) become 1 (none); and then no TLS either.
  void edit_security() {
    for (const pugi::xml_node element : file_.at("deviceSecurityMode")) {
      const auto text = text_of(element, "deviceSecurityMode");
      if (text && (text->value == "2" || text->value == "3"))
        change(element, "deviceSecurityMode", act(options_.security, {word, "1"}, {empty}));
    }
  }

  /// TCP by policy, for SIP phones; and never TLS where the security mode was taken off.
  void edit_transport() {
    constexpr std::string_view kWhat = "transportLayerProtocol";
    const bool by_policy = options_.transport != Action::leave && editor_.facts().signalling == Signalling::sip;
    for (const pugi::xml_node element : file_.at(kWhat)) {
      const auto text = text_of(element, kWhat);
      if (!text) return;
      if (by_policy) {
        change(element, kWhat, act(options_.transport, {word, "1"}, {empty}));
      } else if (options_.security != Action::leave && text->value == "3") {
        change(element, kWhat, {word, "1"});
      }
    }
  }

  /// <loadInformation436> and its like, below the root of the default file.
  void edit_default_loads() {
    if (options_.firmware != Action::drop) return;
    for (const pugi::xml_node element : file_.root().children()) {
      const std::string_view name = element.name();
      if (name.starts_with(kLoadInformation) && parse_number(name.substr(kLoadInformation.size()), 0xffffffff))
        change(element, name, {empty});
    }
  }

  void edit_stamp() {
    constexpr std::string_view kWhat = "versionStamp";
    if (editor_.refused()) return;
    const bool edited = editor_.any_edit();
    for (const pugi::xml_node element : file_.at(kWhat)) {
      const auto text = text_of(element, kWhat);
      if (!text) return;
      if (options_.version_stamp == Action::drop) change(element, kWhat, {empty});
      if (options_.version_stamp != Action::rewrite || !edited) continue;
      const std::string stamp = new_stamp(text->value, original_, options_, editor_.left_alone());
      change(element, kWhat, {word, stamp});
    }
  }

  void collect_facts() {
    CnfFacts& facts = editor_.facts();
    const std::string protocol = peek("deviceProtocol");
    for (const std::string_view path : {"loadInformation", "inactiveLoadInformation"})
      add_load(facts, peek(path), LoadName::Use::phone, 0);
    for (const pugi::xml_node add_on : file_.at("addOnModules/addOnModule"))
      add_load(facts, peek(add_on, "loadInformation"), LoadName::Use::add_on, 0);
    for (const pugi::xml_node element : file_.root().children()) {
      const std::string_view name = element.name();
      if (!name.starts_with(kLoadInformation)) continue;
      const auto model = parse_number(name.substr(kLoadInformation.size()), 0xffffffff);
      const auto load_name = model ? file_.text(element) : XmlText{};
      if (model && load_name)
        add_load(facts, load_name->value, LoadName::Use::model_default, static_cast<std::uint32_t>(*model));
    }
    const std::string load = peek("loadInformation");
    if (equal_ignoring_case(protocol, "SIP") || (protocol.empty() && file_.root().child("sipProfile"))) {
      facts.signalling = Signalling::sip;
    } else if (equal_ignoring_case(protocol, "SCCP") || starts_with_ignoring_case(load, "SCCP")) {
      facts.signalling = Signalling::sccp;
    }
    for (const std::string_view path :
         {"sipProfile/dialTemplate", "dialTemplate", "sipProfile/softKeyFile", "softKeyFile", "featurePolicyFile",
          "sipProfile/featurePolicyFile", "tzdata/tzupdater"})
      add_file(facts, peek(path));
    collect_passwords();
    collect_lines();
    facts.user_locale = peek("userLocale/name");
    facts.network_locale = peek("networkLocaleInfo/name");
    if (facts.network_locale.empty()) facts.network_locale = peek("networkLocale");
    add_locale_files(facts);
    facts.encrypted_config = equal_ignoring_case(peek("encrConfig"), "true") ||
                             equal_ignoring_case(peek("capfList/capf/encrConfig"), "true");
    if (!peek("vpnGroup/addresses/url1").empty())
      editor_.note(NoteCode::vpn_present, "vpnGroup",
                   "a VPN is configured; while it is up the phone goes past Dropwire", 0);
  }

  static std::uint32_t number_of(pugi::xml_node line, std::uint32_t place) {
    const auto button = parse_number(trim(line.attribute("button").value()), CnfFacts::kMaxLines);
    return button ? static_cast<std::uint32_t>(*button) : place;
  }

  void collect_lines() {
    auto& lines = editor_.facts().lines;
    std::uint32_t place = 0;
    for (const pugi::xml_node element : file_.at("sipProfile/sipLines/line")) {
      ++place;
      CnfLine line{number_of(element, place), peek(element, "name"), peek(element, "proxy"), 0, false};
      if (!names_host(line.host)) line.host.clear();
      if (!line.host.empty())
        line.port = static_cast<std::uint16_t>(parse_number(peek(element, "port"), 65535).value_or(0));
      if ((!line.user.empty() || !line.host.empty()) && lines.size() < CnfFacts::kMaxLines)
        lines.push_back(std::move(line));
    }
  }

  void collect_passwords() {
    auto& passwords = editor_.facts().passwords;
    std::uint32_t place = 0;
    for (const pugi::xml_node line : file_.at("sipProfile/sipLines/line")) {
      ++place;
      const auto password = line.child("authPassword") ? file_.text(line.child("authPassword")) : XmlText{};
      if (!password || password->length == 0 || passwords.size() == CnfFacts::kMaxLines) continue;
      const Bytes after = original_.subspan(password->offset + password->length);
      const auto doubt =
          doubt_of(number_of(line, place), as_text(original_.subspan(password->offset, password->length)),
                   as_text(after).starts_with("]]>") ? Spelling::cdata : Spelling::xml);
      if (doubt) passwords.push_back(*doubt);
    }
  }

  const XmlFile& file_;
  Bytes original_;
  CnfEditor& editor_;
  const RewriteOptions& options_;
  bool group_left_ = false;
};

}  // namespace

void rewrite_xml(CnfKind kind, Bytes original, CnfEditor& editor) {
  const auto file = XmlFile::parse(original);
  if (!file) {
    const bool encoding = file.error().code == Errc::unsupported;
    if (const auto doubt = broken_password(as_text(original), file.error().offset))
      editor.facts().passwords.push_back(*doubt);
    return editor.refuse(encoding ? NoteCode::passed_encoding : NoteCode::passed_malformed, "", file.error().text,
                         file.error().offset);
  }
  const std::string_view root = file->root().name();
  XmlRewriter rewriter(*file, original, editor);
  if (const auto fault = find_xml_fault(original)) {
    rewriter.read();
    return editor.refuse(NoteCode::passed_malformed, "", fault->text, fault->offset);
  }
  if (kind == CnfKind::wlan_xml) return rewriter.wlan();
  if (root != "device" && root != "Default")
    return editor.refuse(NoteCode::passed_malformed, "",
                         fmt::format("the root element is <{}>, not <device> or <Default>", escaped(root)), 0);
  rewriter.device();
}

}  // namespace dw::provisioning
