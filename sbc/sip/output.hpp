#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sbc/base/call.hpp"
#include "sbc/base/time.hpp"
#include "sbc/sip/flow.hpp"

namespace dw::sip {

/// Something that a person may want to know.
struct Event {
  enum class Kind : std::uint8_t {
    registered,    ///< for the first time, or at another place
    refreshed,     ///< once more
    refused,       ///< `status` and `text` of the answer
    bad_password,  ///< challenged again for what it had signed
    unregistered,
    expired,      ///< its time was over
    moved,        ///< the same contact registered from elsewhere: `text` says from where before
    phone_lost,   ///< its connection ended
    no_server,    ///< no central server can be used
    unheard,      ///< it repeats what we answered; `text`: where the answers go from now on
    unreachable,  ///< it answers no OPTIONS; `text`: where it was tried
    reachable,
    altered,  ///< somebody on the way changed what a Dropwire had sent: `text`
    no_date,  ///< the answer to REGISTER has no Date
    alarm,    ///< the phone's own words on why it restarted
    call_up,
    call_over,
    call_refused,  ///< by a limit: `text` names the setting
    no_media,      ///< no relay ports: `text`
    media_silent,  ///< nothing came of a call's media for long: `text` says for how long, or that it came again
    ice_removed,   ///< `text`: how many lines
    auth_int,      ///< a server wants a digest over a body that is changed here: `text`, the method
    large,         ///< a message to a phone exceeds what it takes: `text`
    dropped,       ///< a message that made no sense, or was not allowed: `text`
    abuse,         ///< what scanners do: `text`
    banned,        ///< `text`: why
    server_up,     ///< `text`: how long it had been down
    server_down,   ///< `text`: why
    asked,         ///< to start over (`request`), and `status` is what it answered; 0: nothing
  };
  Kind kind{};
  Flow flow;                            ///< of the phone, or of whoever it is about
  IpAddress stated;                     ///< the phone's address in its own words
  std::string aor, device, user_agent;  ///< untrusted, but for `device`
  unsigned device_type = 0;             ///< SCCP's number of the model; 0: not known
  std::optional<std::size_t> server;    ///< index of the central server
  std::uint16_t status = 0;
  std::uint64_t request = 0;
  bool of_registered = false;        ///< an abuse from an address with a registered phone, which is never banned
  std::string text;                  ///< may quote untrusted text
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
