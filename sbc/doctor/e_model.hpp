#pragma once
#include <optional>
#include <string_view>

// How speech sounds, reckoned from what the network did to it: the E-model of ITU-T G.107, all but loss, delay and
// codec at its default values (Table 3 there).
namespace dw::doctor::e_model {

/// How much a codec costs, and how well it bears loss (ITU-T G.113 appendix I).
struct Codec {
  double ie = 0, bpl = 4.3;
};
/// By the name of RFC 3551 ("PCMU"): what is known of it, narrowband. G.711 as with loss concealment (its appendix I),
/// which these phones have. Nothing: the table has none of it (G.722 is wideband, another scale).
std::optional<Codec> codec(std::string_view name);

/// The transmission rating R, 0 to about 93, with `loss_percent` of packets lost at random, and `delay_ms` one way,
/// echo included.
double rating(const Codec& codec, double loss_percent, double delay_ms);
/// The mean opinion score that belongs to it (G.107 annex B): 1 to 4.5.
double mos(double rating);

}  // namespace dw::doctor::e_model
