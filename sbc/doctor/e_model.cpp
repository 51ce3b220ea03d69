#include "sbc/doctor/e_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace dw::doctor::e_model {
namespace {

// Default values of G.107 Table 3: loudness ratings and noise levels in dB, dBm0p or dB(A), quantising distortion in
// units.
constexpr double kSlr = 8, kRlr = 2, kStmr = 15, kLstr = 18, kDs = 3, kTelr = 65, kWepl = 110;
constexpr double kNc = -70, kNfor = -64, kPs = 35, kPr = 35, kQdu = 1;
constexpr double kLeastHeardDelay = 100;  // ms: mT

double power(double level) {
  return std::pow(10, level / 10);
}
double root_of_powers(double base, double n) {
  return std::pow(1 + std::pow(base, n), 1 / n);
}

/// §7.2: all noise on the circuit, at its 0 dB point.
double noise() {
  constexpr double kOlr = kSlr + kRlr;
  const double send = kPs - kSlr - kDs - 100 + 0.004 * std::pow(kPs - kOlr - kDs - 14, 2);
  const double pre = kPr + 10 * std::log10(1 + power(10 - kLstr));
  const double receive = kRlr - 121 + pre + 0.008 * std::pow(pre - 35, 2);
  return 10 * std::log10(power(kNc) + power(send) + power(receive) + power(kNfor + kRlr));
}

/// §7.3: impairments together with the voice: too loud, sidetone, quantising.
double simultaneous(double no, double ro, double delay_ms) {
  const double loud = (kSlr + kRlr + 0.2 * (64 + no - kRlr)) / 8;
  const double olr = 20 * (root_of_powers(loud, 8) - loud);
  const double sidetone = -10 * std::log10(power(-kStmr) + std::exp(-delay_ms / 4) * power(-kTelr));
  const double st = 12 * root_of_powers((sidetone - 13) / 6, 8) - 28 * root_of_powers((sidetone + 1) / 19.4, 35) -
                    13 * root_of_powers((sidetone - 3) / 33, 13) + 29;
  const double q = 37 - 15 * std::log10(kQdu);
  const double g = 1.07 + 0.258 * q + 0.0602 * q * q;
  const double quantising =
      15 * std::log10(1 + std::pow(10, (ro - 100) / 15 + 46 / 8.4 - g / 9) + std::pow(10, 46.0 / 30 - g / 40));
  return olr + st + quantising;
}

/// §7.4: talker echo, listener echo, and delay alone.
double delay_impairment(double no, double ro, double delay_ms) {
  const double terv =
      kTelr - 40 * std::log10((1 + delay_ms / 10) / (1 + delay_ms / 150)) + 6 * std::exp(-0.3 * delay_ms * delay_ms);
  const double re = 80 + 2.5 * (terv - 14), roe = -1.5 * (no - kRlr);
  const double talker = ((roe - re) / 2 + std::sqrt((roe - re) * (roe - re) / 4 + 100) - 1) * (1 - std::exp(-delay_ms));
  const double rle = 10.5 * (kWepl + 7) * std::pow(2 * delay_ms + 1, -0.25);
  const double listener = (ro - rle) / 2 + std::sqrt((ro - rle) * (ro - rle) / 4 + 169);
  if (delay_ms <= kLeastHeardDelay) return talker + listener;
  const double x = std::log2(delay_ms / kLeastHeardDelay);
  return talker + listener + 25 * (root_of_powers(x, 6) - 3 * root_of_powers(x / 3, 6) + 2);
}

}  // namespace

std::optional<Codec> codec(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Codec>, 4> kCodecs = {
      {{"PCMU", {0, 25.1}}, {"PCMA", {0, 25.1}}, {"G729", {11, 19}}, {"G723", {15, 16.1}}}};
  const auto found = std::ranges::find(kCodecs, name, &std::pair<std::string_view, Codec>::first);
  return found == kCodecs.end() ? std::nullopt : std::optional(found->second);
}

double rating(const Codec& codec, double loss_percent, double delay_ms) {
  const double no = noise(), ro = 15 - 1.5 * (kSlr + no);
  const double equipment = codec.ie + (95 - codec.ie) * loss_percent / (loss_percent + codec.bpl);
  return ro - simultaneous(no, ro, delay_ms) - delay_impairment(no, ro, delay_ms) - equipment;
}

double mos(double rating) {
  if (rating <= 0) return 1;
  if (rating >= 100) return 4.5;
  return 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6;
}

}  // namespace dw::doctor::e_model
