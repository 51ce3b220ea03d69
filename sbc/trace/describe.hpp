#pragma once
#include <string>
#include <vector>

#include "sbc/base/wire_tap.hpp"

namespace dw::trace {

/// What a record says, a line for each message in it: "SIP REGISTER sip:pbx.example.net, CSeq 102, Call-ID 00-1a@…",
/// "SCCP RegisterReq (0x0001) version 0, 68 octets", "TFTP DATA block 7, 512 octets". No credentials: of SIP the start
/// line and what names the request, of files their names and sizes. Remote text is escaped. A piece of a stream that
/// does not begin with a message is told by its length.
std::vector<std::string> describe(const WireRecord& record);

}  // namespace dw::trace
