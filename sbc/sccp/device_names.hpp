#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "sbc/base/deadline_heap.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/keyed_hash.hpp"
#include "sbc/base/time.hpp"
#include "sbc/sccp/name_book.hpp"
#include "sbc/sccp/name_claim.hpp"

namespace dw::sccp {

/// Which connection holds each device name, which other one wants it, and whether it gets it (DECISIONS.md). A call
/// server refuses a second registration of a name while the first one lives, so a newcomer waits until the old
/// connection is gone. Owns the NameBook. The shell owns the connections and performs the actions, in their order.
class DeviceNames {
 public:
  /// A connection's number: small, and used for another one only after `gone`.
  using Id = std::size_t;
  struct Options {
    double registrations_per_minute = 6;  ///< of one name from one source
    bool own_lan = false;                 ///< phones are on a LAN of ours: one that proves its name gets it at once
  };
  /// What other parts know. Each answers at once; one that is empty knows nothing.
  struct Facts {
    /// Whether this device took its own configuration at this address within the given time.
    std::function<bool(const std::string& device, const IpAddress&, Duration within)> took_its_config{};
    /// The Ethernet address of this IPv4 address on a LAN of ours, as twelve upper-case hex digits.
    std::function<std::optional<std::string>(const IpAddress&)> link_address{};
  };
  struct Action {
    enum class Kind : std::uint8_t {
      admit,      ///< Session::on_admitted
      refuse,     ///< Session::refuse with `text` and `why`
      ask,        ///< Session::ask_phone; `due` says when to look for the answer
      supersede,  ///< hang up: another connection gets the name once this one is `gone`
      hang_up,    ///< a newer connection of the same phone waits in its place
    };
    Kind kind{};
    Id id = 0;
    std::string text{}, why{};
  };
  using Actions = std::vector<Action>;
  /// A phone takes its configuration when it starts, so a newcomer took it lately.
  static constexpr Duration kTookConfig = std::chrono::minutes(10);

  DeviceNames(const Options& options, Facts facts, std::uint64_t seed);
  void configure(const Options& options);

  /// The phone at `from` asks to register. One of admit and refuse follows, now or later, unless it is `closing` first.
  void wants(TimePoint now, const std::string& name, Id id, const IpAddress& from, Actions& out);
  /// A call server took its registration.
  void registered(TimePoint now, const std::string& name, Id id, const IpAddress& from);
  /// The connection is being hung up. It holds its name until it is gone.
  void closing(const std::string& name, Id id);
  /// Its call server has seen the end of it, or has had time enough. May be called more than once.
  void gone(const std::string& name, Id id, Actions& out);

  /// A connection that was asked, when it is time to look for its answer; call until there is none.
  std::optional<Id> due(TimePoint now) { return deadlines_.pop_due(now); }
  std::optional<TimePoint> next_due() const { return deadlines_.next(); }
  /// `acknowledged`: its TCP has acknowledged all that was sent to it. `heard`: when something last came from it.
  void look(TimePoint now, const std::string& name, Id id, bool acknowledged, TimePoint heard, Actions& out);

  std::optional<Id> holder(const std::string& name) const;
  const NameBook& book() const { return book_; }

 private:
  struct Phone {
    Id id = 0;
    IpAddress address;
    bool registered = false;
  };
  struct Contest {
    std::optional<Phone> next;              ///< who gets the name when the holder is gone
    std::optional<ClaimQuestion> question;  ///< whether the holder lives
  };
  struct Held {
    Phone phone;
    bool closing = false;
    std::unique_ptr<Contest> contest{};  ///< null: nobody else asked for the name
  };

  void claim(TimePoint now, const std::string& name, Held& held, const Phone& newcomer, Actions& out);
  bool is_proven(const std::string& name, const Phone& phone) const;
  unsigned evidence(const std::string& name, const Phone& phone) const;
  bool took_its_config(const std::string& name, const IpAddress& at, Duration within) const;

  Options options_;
  Facts facts_;
  NameBook book_;
  std::unordered_map<std::string, Held, KeyedHash> names_;
  DeadlineHeap deadlines_;  // of questions, by the holder's id
};

}  // namespace dw::sccp
