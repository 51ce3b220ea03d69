#pragma once
#include <optional>
#include <string_view>

// How speech sounds, calculated from what the network did to it: the E-model of ITU-T G.107, with its default values
// (Table 3) for all but loss, delay and codec.
namespace dw::doctor::e_model {

/// How much a codec impairs speech, and how robust it is against loss (ITU-T G.113 appendix I).
struct Codec {
  double ie = 0, bpl = 4.3;
};
/// Looks up a narrowband codec by its name of RFC 3551 ("PCMU"). G.711 is with loss concealment (its appendix I), which
/// these phones have. Nothing: it is not in the table (G.722 is wideband, on another scale).
std::optional<Codec> codec(std::string_view name);

/// The transmission rating R, 0 to about 93, with `loss_percent` of packets lost at random, and `delay_ms` one way,
/// echo included.
double rating(const Codec& codec, double loss_percent, double delay_ms);
/// The mean opinion score for a rating (G.107 annex B): 1 to 4.5.
double mos(double rating);

}  // namespace dw::doctor::e_model
