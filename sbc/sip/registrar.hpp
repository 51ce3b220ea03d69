#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sbc/base/keyed_hash.hpp"
#include "sbc/base/known_sources.hpp"
#include "sbc/base/source_table.hpp"
#include "sbc/sip/bindings.hpp"
#include "sbc/sip/connections.hpp"
#include "sbc/sip/edits.hpp"
#include "sbc/sip/identifiers.hpp"
#include "sbc/sip/output.hpp"
#include "sbc/sip/proxy_options.hpp"
#include "sbc/sip/register.hpp"
#include "sbc/sip/register_cache.hpp"
#include "sbc/sip/register_pace.hpp"
#include "sbc/sip/servers.hpp"
#include "sbc/sip/sources.hpp"
#include "sbc/sip/transactions.hpp"

namespace dw::sip {

/// REGISTER: the phone's Contacts become ours toward the central server, and come back to the phone as they were
/// (sip-sbc §2.8). Nothing is bound before the server accepted it. Owns who was challenged lately, how many were asked
/// to come back later, how much each source registers (RegisterPace), and the answers that the next registrations can
/// have here (RegisterCache). Writes bindings; sends nothing. No I/O.
class Registrar {
 public:
  static constexpr std::size_t kMaxChallenged = 16'384;
  static constexpr std::uint32_t kLeastExpires = 25;             ///< phones unregister below 20 s (sip-sbc §0)
  static constexpr Duration kKnownFor = std::chrono::hours(24);  ///< a source, once its registration is over
  static constexpr std::uint32_t kMinRetryAfter = 5, kMaxRetryAfter = 30;  ///< s (sip-sbc §2.8)

  /// What it reads and writes; all of it outlives it.
  struct Parts {
    const ProxyOptions& options;
    Servers& servers;
    Bindings& bindings;
    Connections& connections;
    Sources& sources;
    Transactions& transactions;
    KnownSources& known;
    Identifiers& identifiers;
    ProxyCounters& counters;
  };
  explicit Registrar(const Parts& parts);

  // ---- a request ----

  /// Gives each Contact the token under which the server knows it, or will know it. A contact that is bound keeps its
  /// own; one that takes the place of another contact of the same phone takes over its token, so that the server
  /// forgets the other one. Each Contact of one REGISTER has its own, unless it is the same Contact twice.
  void name_contacts(Registering& r);
  /// The response, where one can be given here: the server accepted this registration for longer than the phone knows.
  std::optional<std::string> answer_from_cache(TimePoint now, Transaction& t, const Message& m, Output& out);
  /// Keeps the server's rate of registrations (`register_rate`): answers to a recent challenge go first (sip-sbc §2.8),
  /// and light sources before heavy ones. Nothing: this one may go to the server now. Else after how many seconds the
  /// phone is to come back.
  std::optional<std::uint32_t> put_off(TimePoint now, const Transaction& t, std::size_t server);
  /// For other requests that can't be served now: seconds, spread over the time that all who wait need.
  std::uint32_t retry_after();

  // ---- its final answer ----

  void accept(TimePoint now, Transaction& t, const Message& m, Output& out);
  void refused(TimePoint now, const Transaction& t, const Message& m, Output& out);
  /// After accept(): keeps what the next registrations of this phone can be answered with. `us`: our Contact's host and
  /// port as a REGISTER would have them now; where this REGISTER had others, the server must be asked next time.
  void remember(TimePoint now, const Transaction& t, const Message& request, const Message& m, std::string_view us);
  bool answers_refreshes() const { return lease() != Duration{}; }
  void forget(const Transaction& t);  ///< what was kept of it
  /// Rewrites the answer's Contacts: the phone gets its own only, octet for octet as it wrote them, with their expiry.
  void restore_contacts(TimePoint now, const Transaction& t, const Message& m, Edits& edits) const;

  // ---- what lasts ----

  /// A binding of an earlier run. False: it is over, or there is no room for it.
  bool restore(TimePoint now, Binding binding, Output& out);
  /// The next registration of those is answered by the server.
  template <class Concerns>
  void ask_server_again(Concerns concerns) {
    cache_.forget_unless([&](std::uint64_t id) {
      const Binding* const b = bindings_.by_id(id);
      return b && !concerns(*b);
    });
  }
  void forget_unbound() {
    cache_.forget_unless([this](std::uint64_t id) { return bindings_.by_id(id) != nullptr; });
  }
  /// A router translates our address toward the servers, and may get another address at any time.
  void behind_router() { behind_router_ = true; }
  void append_tables(MetricsText& out) const;

 private:
  /// A REGISTER that was challenged, by a hash of who sent it under which AOR and Call-ID.
  struct Challenged {
    unsigned times = 0;  ///< in a row, after it had authorized itself
    TimePoint at{};
    bool open = false;  ///< nothing has answered it yet
  };
  /// How many were asked to come back lately.
  struct PutOff {
    double count = 0;
    TimePoint at{};
  };
  std::uint64_t challenge_key(const Transaction& t) const;
  std::uint32_t retry_after(double waiting, double least);
  void overtake(const Registering& by);
  bool bind(TimePoint now, const Transaction& t, const RegisterContact& contact, std::uint32_t seconds, Output& out);
  void note_known(TimePoint now, const IpAddress& address, Duration registered);
  void registered(TimePoint now, Binding& b, Event::Kind kind, Output& out);
  void not_listed(const Transaction& t, Output& out);
  void leave_old_home(const Binding& b, Output& out);
  // registrar_contacts.cpp
  Duration lease() const;
  std::uint32_t lease_of(const Registering& r, std::uint32_t granted, std::uint32_t wanted) const;
  void grant(const Message& m, const Transaction& t, RegisterContact& contact) const;
  std::vector<std::pair<const Binding*, std::uint32_t>> listed(TimePoint now, const Transaction& t,
                                                               const Message& m) const;

  const ProxyOptions& options_;
  Servers& servers_;
  Bindings& bindings_;
  Connections& connections_;
  Sources& sources_;
  Transactions& transactions_;
  KnownSources& known_;
  Identifiers& identifiers_;
  ProxyCounters& counters_;
  RegisterCache cache_;
  KeyedHash challenge_hash_;
  SourceTable<std::uint64_t, Challenged> challenged_;
  RegisterPace pace_;
  PutOff known_put_off_, strangers_put_off_;
  bool behind_router_ = false;
};

}  // namespace dw::sip
