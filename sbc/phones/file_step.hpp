#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"

namespace dw::phones {

enum class FileOutcome {
  sent,          ///< the phone acknowledged the last octet (TFTP), or took the whole body (HTTP)
  unconfirmed,   ///< the last block went out and its ACK never came
  not_found,     ///< answered "file not found"
  not_admitted,  ///< answered "file not found", as access.provisioning.phones denies it to that source
  refused,       ///< by our policy: name, write request, limits
  forbidden,     ///< by the origin, which gives it to nobody without a right
  unavailable,   ///< no origin could be had, or one broke off
  no_ack,        ///< TFTP: nothing was ever acknowledged after our first answer
  stalled,       ///< the phone stopped acknowledging at `last_block`
  aborted,       ///< the phone sent an ERROR (code in `error_code`) or closed the connection
  superseded,    ///< the phone asked again from the same port before this one ended
};
std::string_view to_string(FileOutcome outcome);

/// One file that one phone asked for, reported when it ended. Stories and findings are made from these.
struct FileStep {
  WallTime at{};     ///< when it was asked
  std::string name;  ///< normalised; untrusted text, escape it before showing
  Endpoint peer;
  std::string transport;  ///< "tftp" or "http"
  FileOutcome outcome{};
  Duration took{};
  std::uint64_t octets = 0;      ///< acknowledged or written
  std::uint64_t size = 0;        ///< of the file; 0 when never known
  std::uint64_t last_block = 0;  ///< TFTP: last block acknowledged
  std::uint32_t retransmissions = 0;
  std::uint16_t error_code = 0;  ///< TFTP code or HTTP status that was sent or received
  std::string detail;            ///< a sentence: why not, from which origin, what was rewritten
  std::string user_agent;        ///< HTTP only, may name the model
};

}  // namespace dw::phones
