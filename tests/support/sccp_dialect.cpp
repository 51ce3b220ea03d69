#include "tests/support/sccp_dialect.hpp"

#include <algorithm>
#include <array>

namespace dw::sim {

namespace {

// chan_sccp answers the greatest version of its table that is not above the phone's.
unsigned chan_sccp_version(unsigned offered) {
  constexpr std::array<unsigned, 14> table{3, 5, 8, 9, 10, 11, 15, 16, 17, 18, 19, 20, 21, 22};
  unsigned best = table.front();
  for (const unsigned version : table)
    best = version <= offered ? version : best;
  return best;
}

Manners cucm(unsigned offered) {
  Manners m;
  m.version = m.ack_version = std::min(offered, kNewestVersion);
  m.form = form_of_version(m.version);
  if (m.form == AddressForm::flat) {  // CallManager 4.1
    m.open_size = 68, m.start_size = 84, m.close_size = m.stop_size = 8;
    return m;
  }
  m.media_header = m.version;
  m.open_size = m.version >= 21 ? 168 : m.version >= 18 ? 132 : 128;
  m.start_size = m.version >= 21 ? 168 : 132;
  m.close_size = m.stop_size = 16;
  m.names_source = m.dynamic_texts = m.statistics = true;
  return m;
}

Manners chan_sccp(unsigned offered) {
  Manners m;
  m.version = m.ack_version = chan_sccp_version(offered);
  m.form = form_of_version(m.version);
  m.header = m.media_header = m.version < 10 ? 0 : m.version;
  const bool latest = m.version >= 21;
  m.open_size = m.form == AddressForm::flat ? 108 : latest ? 168 : 128;
  m.start_size = m.form == AddressForm::flat ? 116 : latest ? 168 : 132;
  m.close_size = m.stop_size = 16;
  m.names_source = m.form == AddressForm::wide;
  m.dynamic_texts = m.version >= 8;
  m.statistics = m.rejects_crossover = true;
  m.expiry = 1.2;
  return m;
}

Manners chan_skinny(unsigned offered) {
  Manners m;
  m.version = offered;
  m.ack_version = 0x30;  // an ASCII zero
  m.form = form_of_version(offered);
  m.open_size = 168;
  m.start_size = m.form == AddressForm::wide ? 132 : 116;
  m.close_size = 16, m.stop_size = 20;
  m.zero_conference = m.lamps_before_ack = m.whole_headers = true;
  m.start_has_call = m.answers_queries = m.acks_unregister = false;
  m.dynamic_texts = m.form == AddressForm::wide;
  m.largest_frame = 2000;
  return m;
}

Manners freeswitch(unsigned offered) {
  Manners m;
  m.version = std::min(offered, 11U);
  m.form = AddressForm::flat;
  m.open_size = 92, m.start_size = 40, m.close_size = m.stop_size = 12;
  m.start_has_call = true;
  m.largest_frame = 2048;
  m.expiry = 1.1;
  return m;
}

}  // namespace

std::string_view to_string(Dialect dialect) {
  switch (dialect) {
    case Dialect::cucm:
      return "cucm";
    case Dialect::chan_sccp:
      return "chan_sccp";
    case Dialect::chan_skinny:
      return "chan_skinny";
    case Dialect::freeswitch:
      return "freeswitch";
  }
  return "";
}

std::optional<Dialect> dialect_of(std::string_view name) {
  for (const Dialect d : {Dialect::cucm, Dialect::chan_sccp, Dialect::chan_skinny, Dialect::freeswitch}) {
    if (to_string(d) == name) return d;
  }
  return std::nullopt;
}

Manners manners_of(Dialect dialect, unsigned offered) {
  switch (dialect) {
    case Dialect::cucm:
      return cucm(offered);
    case Dialect::chan_sccp:
      return chan_sccp(offered);
    case Dialect::chan_skinny:
      return chan_skinny(offered);
    case Dialect::freeswitch:
      return freeswitch(offered);
  }
  return {};
}

}  // namespace dw::sim
