#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sbc/base/call.hpp"
#include "sbc/base/signalling_event.hpp"
#include "sbc/base/time.hpp"
#include "sbc/sip/flow.hpp"

namespace dw::sip {

/// Something that a person may want to know.
struct Event {
  using Kind = SignallingEvent;
  Kind kind{};
  Flow flow;                            ///< of the phone, or of whoever it is about
  IpAddress stated;                     ///< the phone's address in its own words
  std::string aor, device, user_agent;  ///< untrusted, but for `device`
  unsigned device_type = 0;             ///< SCCP's number of the model; 0: not known
  std::optional<std::size_t> server;    ///< index of the central server
  std::uint16_t status = 0;             ///< of the answer that it is about; 0: none
  std::uint64_t request = 0;
  bool of_registered = false;  ///< an abuse from an address with a registered phone, which is never banned
  /// A reason, what was refused, for how long: whatever its kind needs said. May quote untrusted text.
  std::string text;
  std::shared_ptr<const Call> call;  ///< of call_up and call_over: most events have none
};

/// What is to be done, in this order: connections, messages, ends, events.
struct Output {
  struct Connect {
    ConnectionId id{};
    Endpoint to;
    IpAddress from;  ///< none: the system's choice
  };
  struct Send {
    Flow to;
    std::string octets;
  };
  std::vector<Connect> connects;
  std::vector<std::string> lookups;  ///< host names to look up: Proxy::on_addresses() takes what is found
  std::vector<Send> sends;
  std::vector<ConnectionId> closes;
  std::vector<Event> events;

  void send(const Flow& to, std::string octets) { sends.push_back({to, std::move(octets)}); }
  void clear() {
    connects.clear();
    lookups.clear();
    sends.clear();
    closes.clear();
    events.clear();
  }
};

}  // namespace dw::sip
