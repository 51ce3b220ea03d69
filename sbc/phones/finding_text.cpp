#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sbc/phones/model.hpp"
#include "sbc/phones/signalling_rows.hpp"
#include "sbc/phones/text.hpp"

namespace dw::phones {
namespace {

/// What to do, before the model is known. Some need the keys of the phone's family.
enum class Do : std::uint8_t {
  let_packets_through,
  check_way_back,
  refetch_file,
  check_link,
  other_load,
  erase_lists,
  erase_or_reset,
  check_registration,
  check_config,
  add_device,
  add_to_default,
  correct_load,
  add_load,
  add_parts,
  full_set,
  open_http,
  add_locale,
  name_locale,
  add_sip_text,
  one_address,
  rewriting_or_lists,
  same_load,
  repair_xml,
  check_origins,
  look_at_reason,
  add_named,
  wait,
};

struct Row {
  FindingKind kind;
  Do what;
};

constexpr std::array<Row, 26> kRows = {{
    {{"answers_not_arriving", "Our answers do not reach the phone",
      "The phone asks for its first file again and again although each was answered: the answers are lost on "
      "the way. A firewall, the wrong VLAN, or an answer from another address or port than the one asked."},
     Do::let_packets_through},
    {{"data_not_acknowledged", "The phone's ACK never comes back",
      "The first block of a file was sent several times and nothing came back: a NAT router, a TFTP helper "
      "(ALG) or a firewall between here and the phone lets only one direction through."},
     Do::check_way_back},
    {{"stalls_at_same_block", "A file always stops at the same block",
      "A transfer that ends at the same place each time points at the file or at one packet size: a damaged "
      "or "
      "short copy, or a link that drops packets of that size."},
     Do::refetch_file},
    {{"transfer_breaks", "A transfer broke off",
      "The phone stopped taking a file in the middle and has not come back for it with success: packet loss, "
      "Wi-Fi, a duplex mismatch, or the phone lost power."},
     Do::check_link},
    {{"phone_refused_file", "The phone refused a file",
      "The phone itself broke off the transfer with an ERROR: its flash is full, or the image is not for "
      "this "
      "model or too far from what it runs."},
     Do::other_load},
    {{"trust_list_present", "An old trust list is on the phone",
      "The phone asks for its config only in the signed form (.sgn): it still holds the trust list (CTL or "
      "ITL) "
      "of another server, and takes nothing that this server did not sign."},
     Do::erase_lists},
    {{"trust_list_encrypted", "An old trust list is on the phone, and its config was encrypted",
      "The phone asks for its config only signed and encrypted (.enc.sgn): it still belongs to another "
      "server."},
     Do::erase_or_reset},
    {{"boot_loop", "The phone starts over again and again",
      "It fetches its config and the same files every minute or so: either it cannot register, or it rejects "
      "something in the config."},
     Do::check_registration},
    {{"config_rejected", "The phone seems to reject its config",
      "It fetched its config and then none of the files that the config names. Phones ask for those at every "
      "boot once they accept a config: one bad element makes them refuse it whole."},
     Do::check_config},
    {{"unknown_device", "The central server has no config for this phone",
      "There is no config of this name: the phone is not set up on the central server, or its MAC is typed "
      "wrong there."},
     Do::add_device},
    {{"default_config_used", "The phone uses the default config",
      "There is no config of this phone's name, and it took XMLDefault.cnf.xml instead. It can register only "
      "if "
      "the central server takes phones that it does not know."},
     Do::add_to_default},
    {{"load_for_other_model", "The firmware named is for another model",
      "The config names a load that this model cannot run; the phone keeps what it has."},
     Do::correct_load},
    {{"load_missing", "The firmware that is named does not exist",
      "The config names a load that no origin has. The phone works with the firmware it has, and asks again "
      "at "
      "every boot."},
     Do::add_load},
    {{"firmware_part_missing", "A part of the firmware is missing",
      "The manifest (.loads) is there, a file that it names is not: the phone cannot finish the upgrade."},
     Do::add_parts},
    {{"recovery_loop", "The phone is stuck in its boot loader",
      "It has no firmware (after a factory reset or a failed upgrade) and asks for its recovery manifest "
      "over "
      "and over: the manifest or a part of it is missing, or of a version that its boot loader refuses."},
     Do::full_set},
    {{"http_not_used", "The phone uses TFTP although its firmware can use HTTP",
      "Firmware 9.4 and later fetches from TCP 6970 first. This phone did not: the port is filtered on the "
      "way, "
      "or it does not run the firmware yet that its config names. Everything works, only slower."},
     Do::open_http},
    {{"locale_missing", "A language file is missing",
      "The config names a locale whose files do not exist at any origin: the phone stays English and may "
      "show "
      "\"Error update locale\"."},
     Do::add_locale},
    {{"locale_unnamed", "The config names no locale",
      "The phone asks for a language file without a folder, because the locale in its config is empty. "
      "Harmless."},
     Do::name_locale},
    {{"sip_text_config_missing", "The SIP firmware's own config is missing",
      "7940 and 7960 phones with SIP firmware read SIP<MAC>.cnf, a text file, and not SEP<MAC>.cnf.xml."},
     Do::add_sip_text},
    {{"two_addresses", "One phone name, two addresses",
      "Requests with this phone's name come from two addresses in turn: two phones with the same MAC, a "
      "copied "
      "config, an address used twice, or a router that changes its public address."},
     Do::one_address},
    {{"signed_config_passed", "The config is signed and could not be rewritten",
      "The file is signed by the central server, and any change would break it, so it went out as it came. "
      "The "
      "phone will talk to the addresses in it and not to this box."},
     Do::rewriting_or_lists},
    {{"firmware_every_boot", "The phone loads the same firmware at every boot",
      "It fetched the same firmware completely more than once: the name in the config and the version inside "
      "the load differ, or two servers name different loads."},
     Do::same_load},
    {{"config_malformed", "The config is not well-formed XML",
      "It could not be parsed, so it went out as it came: nothing in it was rewritten, and the phone will "
      "most "
      "likely reject it."},
     Do::repair_xml},
    {{"origin_unavailable", "No origin could be reached",
      "The phone asked for a file that could not be had from the central side, and no copy was in the "
      "cache."},
     Do::check_origins},
    {{"request_refused", "A request was refused",
      "This box refused what the phone asked: too many unfinished transfers from its network, or a request "
      "that "
      "it never answers."},
     Do::look_at_reason},
    {{"named_file_missing", "A file that is named does not exist",
      "The config, or a list that it names, points to a file that no origin has. The phone may do without "
      "it."},
     Do::add_named},
}};

constexpr FindingKind kMany = {
    "many_boot_at_once", "Many phones start at once",
    "Their power came back, or the central server restarted them. Phones without HTTP take some minutes."};

/// Both tables and the one that is about no single phone, as one list.
constexpr auto kKinds = [] {
  std::array<FindingKind, kRows.size() + kSignallingRows.size() + 1> out{};
  for (std::size_t i = 0; i < kRows.size(); ++i)
    out[i] = kRows[i].kind;
  for (std::size_t i = 0; i < kSignallingRows.size(); ++i)
    out[kRows.size() + i] = kSignallingRows[i].kind;
  out.back() = kMany;
  return out;
}();

/// Which keys erase the trust lists (cisco-provisioning §4.3).
std::string_view erase_keys(Family family) {
  switch (family) {
    case Family::classic:
      return "On the phone: Settings, then * * # to unlock; Security Configuration → CTL File: Erase (these "
             "models "
             "keep no ITL). Or hold # while it powers up, press 1 2 3 4 5 6 7 8 9 * 0 # and then 1 to keep "
             "the "
             "network configuration.";
    case Family::wifi:
      return "On the phone: Settings → Security (on some loads under Phone Settings) → Trust List: erase "
             "what is "
             "there. Restart it.";
    case Family::speaker:
      return "On the phone: Admin Settings → restore the defaults, then enter the network settings anew.";
    case Family::simple:
      return "This model should hold no list: restore its factory defaults.";
    case Family::java:
      break;
  }
  return "On the phone: Settings → Security Configuration → Trust List → CTL File: press * * # to unlock, "
         "then Erase "
         "(under More); the same for ITL File. Restart with Settings, then * * # * *.";
}

constexpr std::string_view kNetworkKeys =
    "On the phone: Settings → Network Configuration → IPv4 Configuration, * * # to unlock: Alternate TFTP "
    "Yes, TFTP "
    "Server 1 this box's address, TFTP Server 2 empty.";

std::string remedy_of(Do what, Family family) {
  switch (what) {
    case Do::let_packets_through:
      return fmt::format(
          "Let UDP from this box to the phone through, from port 69 too. If this box is hosted, keep "
          "access.tftp.single_port on. Check that the phone's VLAN is the right one. {}",
          kNetworkKeys);
    case Do::check_way_back:
      return "Switch off TFTP helpers (ALG) in the router, let UDP between the phone and this box through in "
             "both "
             "directions, keep access.tftp.single_port on. If this box has two addresses, the phone must be "
             "told "
             "the one that answers. An edge box on the phone's own network avoids the router altogether.";
    case Do::refetch_file:
      return "Compare the file's size with the original, remove it from the cache and let it be fetched "
             "anew; if it "
             "is whole, look at the MTU and the cable between here and the phone.";
    case Do::check_link:
      return "Check cable, duplex setting and Wi-Fi, then restart the phone: Settings, then * * # * *.";
    case Do::other_load:
      return "Name a load for this very model; from an old firmware go by a version in between. The phone "
             "says more "
             "under Settings → Status → Status Messages.";
    case Do::erase_lists:
      return std::string(erase_keys(family));
    case Do::erase_or_reset:
      return fmt::format(
          "{} If it still asks for .enc.sgn, it needs a factory reset; before that, have "
          "termNN.default.loads for the "
          "model and every part of it on the server, or it stays dead.",
          erase_keys(family));
    case Do::check_registration:
      return "Look whether the phone registers: the extension must exist on the central server and fit the "
             "firmware "
             "(SCCP or SIP). See Settings → Status → Status Messages on the phone.";
    case Do::check_config:
      return "Check the config on the central server, XML and values; see Settings → Status → Status "
             "Messages on the "
             "phone. A SIP load needs a SIP config, an SCCP load an SCCP one.";
    case Do::add_device:
      return "Add the phone on the central server, or correct its MAC there, then restart the phone.";
    case Do::add_to_default:
      return "If it does not register: add the phone on the central server under its MAC.";
    case Do::correct_load:
      return "Correct loadInformation in the phone's config (in XMLDefault.cnf.xml the number after "
             "loadInformation "
             "is the model's).";
    case Do::add_load:
      return "Put the load's files on the central server, or empty loadInformation in the config.";
    case Do::add_parts:
      return "Put all files of this load on the central server, with the spelling of the manifest.";
    case Do::full_set:
      return "Put the model's termNN.default.loads and every file that it names on the central server; if "
             "they are "
             "there, try an older or newer load. Leave the phone powered: it asks again by itself.";
    case Do::open_http:
      return "Nothing must be done. For speed, let TCP 6970 from the phone to this box through.";
    case Do::add_locale:
      return "Install the locale files on the central server, or set the locale to English_United_States.";
    case Do::name_locale:
      return "Nothing must be done. To be rid of it, name a locale in the config.";
    case Do::add_sip_text:
      return "Make SIP<MAC>.cnf for it on the central server, or give it an SCCP load.";
    case Do::one_address:
      return "Find the second phone or the second path; each MAC must belong to one phone.";
    case Do::rewriting_or_lists:
      return fmt::format(
          "Have the central server send it unsigned, and clear the phone's lists; or switch rewriting off "
          "for it and "
          "point the name in its config to this box. {}",
          erase_keys(family));
    case Do::same_load:
      return "Compare loadInformation in the config with the manifest's name, and with what a second server "
             "says.";
    case Do::repair_xml:
      return "Correct the file on the central server; the note in the phone's story says where it breaks.";
    case Do::check_origins:
      return "Check that the central server runs and that this box reaches it: dropwire doctor.";
    case Do::look_at_reason:
      return "The phone's story has the reason. Behind one router, many phones at once may need higher "
             "limits.";
    case Do::add_named:
      return "Put the file on the central server, or take its name out.";
    case Do::wait:
      return "Wait. If it goes on for more than half an hour, look at one phone's story.";
  }
  return {};
}

}  // namespace

std::span<const FindingKind> finding_kinds() {
  return kKinds;
}

Finding make_finding(std::string_view code, Severity severity, std::string seen, const Phone& phone) {
  const auto fixed =
      std::ranges::find(kSignallingRows, code, [](const SignallingRow& r) { return r.kind.code; });
  if (fixed != kSignallingRows.end())
    return {fixed->kind.code, severity, std::move(seen), std::string(fixed->kind.means),
            std::string(fixed->remedy)};
  const auto row = std::ranges::find(kRows, code, [](const Row& r) { return r.kind.code; });
  return {row->kind.code, severity, std::move(seen), std::string(row->kind.means),
          remedy_of(row->what, family_of(phone))};
}

Finding finding_of_many(std::size_t phones) {
  return {kMany.code, Severity::info,
          fmt::format("{} phones began to ask for their files within two minutes", phones),
          std::string(kMany.means), remedy_of(Do::wait, Family::java)};
}

Finding finding_of_shared_address(std::size_t registered, std::size_t refused) {
  return make_finding("server_refuses_shared_address", Severity::warning,
                      fmt::format("{} phones are registered with the call server that refuses {} others or "
                                  "hangs up on them",
                                  registered, refused),
                      Phone());
}

}  // namespace dw::phones
