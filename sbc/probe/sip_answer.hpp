#pragma once
#include <string>

#include "sbc/phones/network_facts.hpp"
#include "sbc/sip/probe.hpp"

namespace dw::probe {

/// A probe's text, with a token of its own.
std::string sip_probe(sip::Transport transport, const Endpoint& local, const std::string& host);
/// What an answer to `asked` says of the way there. False: it is no answer to it.
bool take_sip_answer(phones::AlgProbe& into, const std::string& asked, Bytes answer);

}  // namespace dw::probe
