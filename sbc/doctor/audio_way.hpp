#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nat/core/media/warm_ports.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/time.hpp"

namespace dw::doctor {

/// How audio from the central side reaches this box: which address is advertised to that side, and why that one. For an
/// edge box; a hosted one has its address from the settings.
struct AudioWay {
  enum class By : std::uint8_t {
    not_known,
    own_address,  ///< no router translates on the way
    setting,      ///< central.media.advertise
    mapped,       ///< ports that the router has mapped for us
    stun,         ///< ports whose mapping a STUN server saw
    same_port,    ///< the router's address and our port, as the router keeps port numbers
    nowhere,      ///< whatever is advertised, nothing arrives
  };
  By by = By::not_known;
  std::optional<IpAddress> address;  ///< the advertised one
  std::string stun_server;           ///< in use; empty: none
  std::string error;                 ///< of not_known: why; empty: it is being measured
  /// There is a router in between, which decides what gets in: if nothing is heard from the central side, that is a
  /// fault of this box.
  bool behind_router() const { return by != By::own_address && by != By::setting; }
};

/// What audio_way() decides by.
struct AudioWayFacts {
  std::optional<IpAddress> setting;     ///< central.media.advertise
  std::optional<IpAddress> mapped;      ///< the router's address, while it maps media ports
  IpAddress local, central;             ///< our address toward the STUN server, and that server's; none: not known
  std::string stun_server, stun_error;  ///< empty: none is set; no error
  nat::WarmPorts::Facts ports;
  struct Seen {
    IpAddress local, external;
    bool keeps_numbers = false;
  };
  std::optional<Seen> seen;  ///< by others than STUN's keep-alive: the NAT probe, a SIP server
};
AudioWay audio_way(const AudioWayFacts& facts);

std::string_view to_string(AudioWay::By by);  ///< "not_known", "own_address"…
/// One sentence.
std::string in_words(const AudioWay& way);

/// The address of the router changed during calls, and the central side still sends to the old one.
struct RouterMoved {
  IpAddress was, is;
  WallTime at{};
  std::size_t streams = 0;        ///< that get no audio now
  std::optional<WallTime> ended;  ///< when the last such stream was over
};

}  // namespace dw::doctor
