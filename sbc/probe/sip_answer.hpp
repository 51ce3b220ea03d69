#pragma once
#include <string>

#include "sbc/doctor/network_facts.hpp"
#include "sbc/sip/probe.hpp"

namespace dw::probe {

/// The text of a probe, with a token of its own.
std::string sip_probe(sip::Transport transport, const Endpoint& local, const std::string& host);
/// Compares the answer with `asked`, to see what the path changed. False: it is not an answer to it.
bool take_sip_answer(doctor::AlgProbe& into, const std::string& asked, Bytes answer);

}  // namespace dw::probe
