// The E-model against values that ITU-T publishes, and what is made of it.
#include <doctest/doctest.h>

#include "sbc/doctor/audio_quality.hpp"
#include "sbc/doctor/e_model.hpp"

using namespace dw;
using namespace dw::doctor;
using namespace dw::phones;
using namespace std::chrono_literals;

TEST_CASE("E-model: with default values R is 93.2 and MOS 4.41 (G.107 §7.7)") {
  const double r = e_model::rating({0, 4.3}, 0, 0);
  CHECK(r == doctest::Approx(93.2).epsilon(0.0005));
  CHECK(e_model::mos(r) == doctest::Approx(4.41).epsilon(0.001));
}

TEST_CASE("E-model: MOS of R as G.107 annex B has it") {
  for (const auto& [r, mos] : {std::pair(90.0, 4.34), {80.0, 4.03}, {70.0, 3.60}, {60.0, 3.10}, {50.0, 2.58}}) {
    CAPTURE(r);
    CHECK(std::abs(e_model::mos(r) - mos) < 0.01);
  }
  CHECK(e_model::mos(-3) == 1);
  CHECK(e_model::mos(120) == 4.5);
}

TEST_CASE("E-model: a codec costs what G.113 appendix I says, and loss by its robustness") {
  const double best = e_model::rating({0, 4.3}, 0, 0);
  struct {
    const char* codec;
    double loss, costs;  // Ie,eff = Ie + (95 - Ie) Ppl / (Ppl + Bpl)
  } const kRows[] = {{"PCMU", 0, 0},    {"PCMA", 0, 0},    {"PCMU", 1, 3.64},  {"PCMU", 5, 15.78}, {"PCMA", 25.1, 47.5},
                     {"G729", 0, 11.0}, {"G729", 1, 15.2}, {"G729", 3, 22.45}, {"G729", 19, 53},   {"G723", 0, 15}};
  for (const auto& row : kRows) {
    CAPTURE(row.codec);
    CAPTURE(row.loss);
    CHECK(std::abs(best - e_model::rating(*e_model::codec(row.codec), row.loss, 0) - row.costs) < 0.01);
  }
  CHECK_FALSE(e_model::codec("G722"));
  CHECK_FALSE(e_model::codec(""));
}

TEST_CASE("E-model: delay is hardly heard up to 150 ms, and more and more from then on (G.114)") {
  const auto at = [](double ms) { return e_model::rating({0, 4.3}, 0, ms); };
  CHECK(at(150) > 89);
  CHECK(at(150) < 90);
  CHECK(at(250) < kGoodRating);
  CHECK(at(400) < 65);
  double before = at(0);
  for (double ms = 10; ms <= 1000; ms += 10) {
    CHECK(at(ms) <= before);
    before = at(ms);
  }
}

TEST_CASE("audio quality: the words, the state and the score are one") {
  struct {
    const char* codec;
    double loss;
    State state;
  } const kRows[] = {{"PCMU", 0, State::ok},      {"PCMU", 1, State::ok}, {"PCMU", 5, State::trouble},
                     {"PCMU", 20, State::failed}, {"G729", 0, State::ok}, {"G729", 3, State::trouble},
                     {"G729", 10, State::failed}, {"G722", 0, State::ok}, {"G722", 20, State::failed}};
  for (const auto& row : kRows) {
    CAPTURE(row.codec);
    CAPTURE(row.loss);
    const AudioQuality q = quality_of(row.codec, row.loss, 2ms);
    CHECK(q.state == row.state);
    CHECK((q.words == "sounds good") == (row.state == State::ok));
    CHECK(q.mos.has_value() == (std::string_view(row.codec) != "G722"));
    if (q.rating) CHECK((*q.rating >= kGoodRating) == (row.state == State::ok));
  }
}

TEST_CASE("audio quality: nothing that came is not known, and what is kept back fails whatever came") {
  MediaFlow flow;
  CHECK(quality_of("PCMU", flow).state == State::not_known);
  CHECK_FALSE(quality_of("PCMU", flow).mos);
  flow.packets = 500;
  flow.delivered = 500;
  CHECK(quality_of("PCMU", flow).state == State::not_known);  // keepalives alone
  flow.audio = 500;
  CHECK(quality_of("PCMU", flow).state == State::ok);
  flow.jitter = 80ms;  // the listener must wait for late ones
  CHECK(*quality_of("PCMU", flow).mos < 4.35);
  flow.delivered = 0;
  CHECK(quality_of("PCMU", flow).state == State::failed);
  CHECK(quality_of("PCMU", flow).words == "does not reach the other side");
}
