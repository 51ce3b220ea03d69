#include "sbc/doctor/how_to.hpp"

#include <algorithm>
#include <array>

namespace dw::doctor {
using namespace phones;
namespace {

using Instruction = std::string_view;

constexpr Instruction kSaved = "The phone restarts, and once more if it takes new firmware.";

constexpr std::array<Instruction, 5> kJavaConnect = {
    "Press Settings, choose Network Configuration, then IPv4 Configuration (IPv4 Setup on some firmware; the "
    "oldest "
    "has no such entry, go on without it).",
    "Press * * # to unlock. The open padlock shows that it worked.", "Set Alternate TFTP to Yes.",
    "Set TFTP Server 1 to {address}. Press Validate, then Save.", kSaved};
constexpr std::array<Instruction, 4> kJavaTrust = {
    "Press Settings, choose Security Configuration, then Trust List. When the CTL and ITL files are absent, "
    "there is "
    "nothing to erase.",
    "Choose CTL File, press * * # to unlock, then Erase (on some firmware under More).",
    "Do the same with ITL File, where there is one.", "Restart the phone: press Settings, then * * # * *."};
constexpr std::array<Instruction, 1> kJavaRestart = {"Press Settings, then * * # * *."};
constexpr std::array<Instruction, 3> kJavaNotes = {
    "A phone that holds a configuration already needs no factory reset, only an empty trust list.",
    "When * * # asks for a password that nobody knows, only new firmware or a factory reset helps.",
    "A factory reset also removes the running firmware. Do it only when the central server has "
    "termNN.default.loads "
    "for the model and every file that it names; dropwire doctor tells."};

constexpr std::array<Instruction, 5> kClassicConnect = {
    "Press Settings and press * * # to unlock. SIP firmware has Unlock Config in that menu instead: its "
    "password is "
    "cisco, unless a configuration set another one.",
    "Choose Network Configuration.", "Set Alternate TFTP to Yes.",
    "Set TFTP Server 1 (TFTP Server with SIP firmware) to {address}. Press Validate, then Save.", kSaved};
constexpr std::array<Instruction, 3> kClassicTrust = {
    "Press Settings, then * * # to unlock.",
    "Choose Security Configuration, then CTL File, and press Erase. These models keep no ITL.",
    "Or hold # while the phone powers up, press 1 2 3 4 5 6 7 8 9 * 0 # and then 1, which keeps the network "
    "configuration."};
constexpr std::array<Instruction, 1> kClassicRestart = {
    "Press Settings, then * * # * *. If that does nothing, pull the power plug and put it back."};
constexpr std::array<Instruction, 2> kClassicNotes = {
    "These phones fetch by TFTP only, so their first start takes some minutes.",
    "The firmware must fit the extension: P003… is SCCP, P0S3… is SIP."};

constexpr std::array<Instruction, 5> kWifiConnect = {
    "Open Settings, then Network Profiles, and choose the profile that is in use.", "Press * * # to unlock.",
    "Choose Network Configuration and set Alternate TFTP to Yes.", "Set TFTP Server 1 to {address} and save.",
    "Switch the phone off and on again."};
constexpr std::array<Instruction, 3> kWifiTrust = {
    "Open Settings, then Security (on some firmware it is under Phone Settings), then Trust List.",
    "Press * * # to unlock, and erase what is there.", "Switch the phone off and on again."};
constexpr std::array<Instruction, 1> kWifiRestart = {"Switch the phone off and on again."};
constexpr std::array<Instruction, 1> kWifiNotes = {
    "The phone and this box must be able to talk across the Wi-Fi: guest networks often forbid it."};

constexpr std::array<Instruction, 4> kSpeakerConnect = {
    "Press Menu, choose Settings, then Admin Settings; press * * # if it is locked.",
    "Choose Network Configuration and set Alternate TFTP to Yes.", "Set TFTP Server 1 to {address} and save.",
    "The phone restarts."};
constexpr std::array<Instruction, 2> kSpeakerTrust = {
    "Press Menu, choose Settings, then Admin Settings, and restore the defaults.",
    "Enter the network settings again, with Alternate TFTP as above."};
constexpr std::array<Instruction, 1> kSpeakerRestart = {"Pull its cable and put it back."};
constexpr std::array<Instruction, 1> kSpeakerNotes = {"The menus are spelled otherwise in some firmware."};

constexpr std::array<Instruction, 5> kSimpleConnect = {
    "Open the Settings menu (the Menu button where there is no Settings button).",
    "Choose Network Configuration and press * * # to unlock.", "Set Alternate TFTP to Yes.",
    "Set TFTP Server 1 to {address} and save.",
    "Pull the power plug and put it back, if the phone does not restart by itself."};
constexpr std::array<Instruction, 1> kSimpleRestart = {"Pull the power plug and put it back."};
constexpr std::array<Instruction, 1> kSimpleNotes = {"These models keep no trust list. They fetch by TFTP only."};

constexpr std::array<HowTo, 5> kHowTos = {{
    {Family::java, "Desk phones with Java firmware", "7906/7911/7931/7941/7942/7945/7961/7962/7965/7970/7971/7975",
     kJavaConnect, kJavaTrust, kJavaRestart, kJavaNotes},
    {Family::classic, "7940 and 7960", "7940/7960", kClassicConnect, kClassicTrust, kClassicRestart, kClassicNotes},
    {Family::wifi, "Wi-Fi phones", "7921/7925/7926", kWifiConnect, kWifiTrust, kWifiRestart, kWifiNotes},
    {Family::speaker, "Conference station 7937", "7937", kSpeakerConnect, kSpeakerTrust, kSpeakerRestart,
     kSpeakerNotes},
    {Family::simple,
     "Simple and older models",
     "7902/7905/7910/7912/7920/7935/7936",
     kSimpleConnect,
     {},
     kSimpleRestart,
     kSimpleNotes},
}};

}  // namespace

std::span<const HowTo> how_tos() {
  return kHowTos;
}

const HowTo& how_to(Family family) {
  return *std::ranges::find(kHowTos, family, &HowTo::family);
}

const HowTo* how_to_for(std::string_view model) {
  Models wanted = Models::parse(model);
  if (wanted.empty()) wanted = models_in_user_agent(model);
  if (wanted.empty()) wanted = Models::parse(model.substr(0, 4));
  if (wanted.empty()) return nullptr;
  const auto found =
      std::ranges::find_if(kHowTos, [&](const HowTo& h) { return (wanted & Models::parse(h.models)) == wanted; });
  return found == kHowTos.end() ? nullptr : &*found;
}

std::string with_address(std::string_view step, std::string_view address) {
  constexpr std::string_view kMark = "{address}";
  std::string out(step);
  if (const auto at = out.find(kMark); at != out.npos)
    out.replace(at, kMark.size(), address.empty() ? "this box's address" : address);
  return out;
}

std::string as_paragraph(std::span<const std::string_view> steps) {
  std::string out;
  for (const std::string_view step : steps) {
    if (!out.empty()) out += ' ';
    out += step;
  }
  return out;
}

}  // namespace dw::doctor
