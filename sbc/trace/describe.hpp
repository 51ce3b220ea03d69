#pragma once
#include <string>
#include <vector>

#include "sbc/base/wire_tap.hpp"

namespace dw::trace {

/// A record in words, one line for each message in it: "SIP REGISTER sip:pbx.example.net, CSeq 102, Call-ID 00-1a@…",
/// "SCCP RegisterReq (0x0001) version 0, 68 octets", "TFTP DATA block 7, 512 octets". No credentials: for SIP the start
/// line and the fields that identify the request, for files their names and sizes. Remote text is escaped. For a piece
/// of a stream that does not start with a message, only its length is shown.
std::vector<std::string> describe(const WireRecord& record);

}  // namespace dw::trace
