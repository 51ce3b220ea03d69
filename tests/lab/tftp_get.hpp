#pragma once
#include <cstdint>
#include <string>
#include <string_view>

/// A phone's TFTP, from the documents: octet, no options, blocks of 512 octets, a fresh source port for each
/// file, lock-step, and the last packet is sent again every second while nothing comes. Shares no code with
/// the daemon under test.
namespace dw::lab {

struct Got {
  bool ok = false;
  int code = 0;  ///< TFTP error code, or -1: nothing came any more; HTTP: the status
  std::string octets;
  int sent_again = 0;
};

struct Server {
  std::string address;  ///< IPv4 or IPv6 literal
  std::uint16_t port = 69;
};

/// Gives up after `tries` sends of one packet without an answer.
Got tftp_get(const Server& server, std::string_view name, int tries);

}  // namespace dw::lab
