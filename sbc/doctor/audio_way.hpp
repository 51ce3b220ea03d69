#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nat/core/media/warm_ports.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"

namespace dw::doctor {

/// How audio from the central side reaches this box: what the central side is told, and why that is right. Of a box at
/// the phones' own network; a hosted one is told what it has.
struct AudioWay {
  enum class By : std::uint8_t {
    not_known,
    own_address,  ///< no router translates in between
    setting,      ///< central.media.advertise
    mapped,       ///< the router has mapped ports when asked
    stun,         ///< ports whose mapping a STUN server has seen
    same_port,    ///< the router's address, and our port, as that router keeps port numbers
    nowhere,      ///< whatever is told, nothing sent there arrives
  };
  By by = By::not_known;
  std::optional<IpAddress> address;  ///< that the central side is told
  std::string stun_server;           ///< that is asked; empty: none
  std::string error;                 ///< not_known: why; empty: it is being found out
  /// A router stands between that lets in what it will: when nothing of the central side is heard, it is this box's
  /// trouble.
  bool behind_router() const { return by != By::own_address && by != By::setting; }
};

/// What is known of the way, from those who looked.
struct AudioWayFacts {
  std::optional<IpAddress> setting;     ///< central.media.advertise
  std::optional<IpAddress> mapped;      ///< the router's address, while it maps media ports
  IpAddress local, central;             ///< our address toward the one asked by STUN, and that one's; none: not known
  std::string stun_server, stun_error;  ///< empty: none is set; nothing went wrong
  nat::WarmPorts::Facts ports;
  struct Seen {
    IpAddress local, external;
    bool keeps_numbers = false;
  };
  std::optional<Seen> seen;  ///< by somebody else: the NAT probe, a SIP server
};
AudioWay audio_way(const AudioWayFacts& facts);

std::string_view to_string(AudioWay::By by);  ///< "not_known", "own_address"…
/// One sentence.
std::string in_words(const AudioWay& way);

/// The router got another address while calls ran, and the central side goes on sending to the old one.
struct RouterMoved {
  IpAddress was, is;
  WallTime at{};
  std::size_t streams = 0;        ///< that hear nothing now
  std::optional<WallTime> ended;  ///< when the last such stream was over
};

}  // namespace dw::doctor
