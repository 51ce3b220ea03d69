// Operations from the input on what is remembered of sources, and on who holds how much: SourceTable, KnownSources,
// FairShare, FairRate and ConnectionBudget, each beside a naive model. Whatever comes: bounds hold, what is kept for
// known ones is left to them, what goes is worth least, and counts return to zero.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <tuple>
#include <vector>

#include "sbc/base/byte_reader.hpp"
#include "sbc/base/connection_budget.hpp"
#include "sbc/base/fair_share.hpp"
#include "sbc/base/known_sources.hpp"

using namespace dw;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kMaxOperations = 600;

void must(bool holds) {
  if (!holds) std::abort();
}

/// IPv4 addresses, and IPv6 ones that share a /64 or a /48, or nothing.
IpAddress address_from(std::uint8_t octet) {
  if (octet % 3 == 0) return IpAddress::v4(0xC0000200U + octet / 3);
  std::array<std::uint8_t, 16> octets{0x20, 0x01, 0x0d, 0xb8};
  octets[5] = octet % 2;                                   // of the /48
  octets[7] = octet / 3 % 8;                               // of the /64
  octets[15] = static_cast<std::uint8_t>(octet / 24 + 1);  // the host's own
  return IpAddress::v6(octets);
}

Standing standing_from(std::uint8_t octet) {
  return static_cast<Standing>(octet % 3);
}

// ---- SourceTable ----

void source_table(ByteReader& in) {
  struct Kept {
    unsigned value = 0;
    TimePoint used{};
    Standing standing{};
  };
  SourceTable<std::uint64_t, unsigned> table(1 + in.u8("entries") % 40, in.u8("seed"));
  std::map<std::uint64_t, Kept> model;
  TimePoint now{};
  unsigned made = 0;
  const auto worth = [&](const Kept& kept) {
    return now - kept.used > decltype(table)::kStandingKept ? Standing::stranger : kept.standing;
  };
  for (std::size_t i = 0; i < kMaxOperations && in.remaining() > 0; ++i) {
    now += std::chrono::minutes(in.u8("later") % 32);
    const std::uint64_t key = in.u8("key");
    const std::uint8_t what = in.u8("what");
    if (what % 8 == 0) {
      table.erase(key);
      model.erase(key);
    } else if (what % 8 == 1) {
      must((table.find(key) != nullptr) == model.contains(key));
    } else {
      const Standing standing = standing_from(what / 8);
      const std::uint64_t evicted = table.evicted();
      const bool there = model.contains(key);
      const unsigned* const found = table.take(now, key, standing, ++made);
      if (!found) {
        // Eight at least are worth more.
        std::size_t more = 0;
        for (const auto& [k, kept] : model)
          more += worth(kept) > standing ? 1 : 0;
        must(!there && more >= decltype(table)::kWays && table.evicted() == evicted);
      } else {
        if (!there) {
          must(*found == made);
          for (auto at = model.begin(); at != model.end();) {
            if (std::as_const(table).find(at->first)) {
              ++at;
              continue;
            }
            must(worth(at->second) <= standing && table.evicted() == evicted + 1);
            at = model.erase(at);
          }
        }
        Kept& kept = model[key];
        must(!there || *found == kept.value);
        kept = {*found, now, standing};
      }
    }
    must(table.size() == model.size() && table.size() <= table.capacity());
    std::size_t seen = 0;
    std::as_const(table).for_each([&](std::uint64_t k, unsigned value) {
      ++seen;
      must(model.contains(k) && model.at(k).value == value);
    });
    must(seen == model.size());
  }
}

// ---- KnownSources ----

void known_sources(ByteReader& in) {
  KnownSources known(in.u8("seed"));
  std::map<IpAddress, std::pair<TimePoint, TimePoint>> model;  // proven, registered until
  TimePoint now = TimePoint{} + 1h;
  for (std::size_t i = 0; i < kMaxOperations && in.remaining() > 0; ++i) {
    now += std::chrono::minutes(in.u8("later") % 16);
    const IpAddress address = address_from(in.u8("address"));
    const std::uint8_t what = in.u8("what");
    auto& [proven, registered] = model[source_of(address)];
    if (what % 4 != 0) {
      const Duration lasts = std::chrono::minutes(what / 4);
      const Standing standing = standing_from(what);
      known.proved(now, address, standing, lasts);
      if (standing == Standing::proven) proven = std::max(proven, now + lasts);
      if (standing == Standing::registered) registered = std::max(registered, now + lasts);
    }
    must(known.standing(now, address) == (now < registered ? Standing::registered
                                          : now < proven   ? Standing::proven
                                                           : Standing::stranger));
    must(known.size() <= model.size());
  }
}

// ---- FairShare ----

FairShare::Options share_options(ByteReader& in) {
  FairShare::Options out;
  out.total = in.u8("total") % 64;
  out.per_source = in.u8("per source") % 16;
  out.per_known_source = in.u8("per known source") % 32;
  out.kept_for_known = in.u8("kept") % 120;
  return out;
}

struct Held {
  IpAddress address;
  Standing standing{};
};

FairShare::Verdict judged(const FairShare::Options& options, const std::vector<Held>& held, const Held& asks) {
  std::size_t source = 0, site = 0, strangers = 0;
  for (const Held& h : held) {
    source += source_of(h.address) == source_of(asks.address) ? 1 : 0;
    site += site_of(h.address) == site_of(asks.address) ? 1 : 0;
    strangers += h.standing == Standing::stranger ? 1 : 0;
  }
  const bool stranger = asks.standing == Standing::stranger;
  const std::size_t most = stranger ? options.per_source : options.per_known_source;
  const std::size_t kept = options.total * std::min(options.kept_for_known, 100U) / 100;
  if (most > 0 && source >= most) return FairShare::Verdict::source;
  if (most > 0 && asks.address.is_v6() && site >= FairShare::kSite * most) return FairShare::Verdict::site;
  if (held.size() >= options.total) return FairShare::Verdict::total;
  if (stranger && strangers >= options.total - kept) return FairShare::Verdict::strangers;
  return FairShare::Verdict::granted;
}

void fair_share(ByteReader& in) {
  FairShare::Options options = share_options(in);
  FairShare share(options, in.u8("seed"));
  std::vector<Held> held;
  std::uint64_t refused = 0;
  const auto agree = [&](const IpAddress& address) {
    std::size_t strangers = 0, own = 0;
    for (const Held& h : held) {
      strangers += h.standing == Standing::stranger ? 1 : 0;
      own += source_of(h.address) == source_of(address) ? 1 : 0;
    }
    must(share.held() == held.size() && share.held_by_strangers() == strangers && share.held_by(address) == own &&
         share.refused() == refused);
  };
  for (std::size_t i = 0; i < kMaxOperations && in.remaining() > 0; ++i) {
    const std::uint8_t what = in.u8("what");
    const IpAddress address = address_from(in.u8("address"));
    if (what % 16 == 0) {
      options = share_options(in);
      share.configure(options);
    } else if (what % 4 == 1 && !held.empty()) {
      const auto which = held.begin() + what / 4 % static_cast<long>(held.size());
      share.give_back(which->address, which->standing);
      held.erase(which);
    } else if (what % 4 == 2 && !held.empty()) {
      Held& which = held[what / 4U % held.size()];
      const Standing to = std::max(which.standing, standing_from(what / 4));
      share.promote(which.standing, to);
      which.standing = to;
    } else {
      const Held asks{address, standing_from(what / 4)};
      const FairShare::Verdict verdict = share.take(address, asks.standing);
      must(verdict == judged(options, held, asks));
      if (verdict == FairShare::Verdict::granted) {
        held.push_back(asks);
      } else {
        ++refused;
      }
    }
    agree(address);
  }
  while (!held.empty()) {
    const Held last = held.back();
    share.give_back(last.address, last.standing);
    held.pop_back();
    agree(last.address);
  }
}

// ---- FairRate ----

void fair_rate(ByteReader& in) {
  FairRate::Options options;
  options.per_source = 1 + in.u8("per source") % 20;
  options.per_known_source = options.per_source + in.u8("per known source") % 40;
  options.total = in.u8("total");
  options.burst = 1 + in.u8("burst") % 8;
  options.kept_for_known = in.u8("kept") % 120;
  FairRate rate(options, in.u8("seed"), 4096);
  struct Passed {
    std::size_t by_strangers = 0, by_known = 0, known_tries = 0;
  };
  std::map<IpAddress, Passed> sources;
  Passed all;
  std::uint64_t refused = 0;
  const TimePoint begin{};
  TimePoint now = begin;
  for (std::size_t i = 0; i < kMaxOperations && in.remaining() > 0; ++i) {
    now += std::chrono::milliseconds(in.u8("later"));
    const std::uint8_t who = in.u8("who");
    // The odd ones are known for good, as a change fills a bucket again.
    const IpAddress address = IpAddress::v4(0xC0000200U + who % 12);
    const Standing standing =
        who % 2 == 0 ? Standing::stranger : standing_from(static_cast<std::uint8_t>(1 + who / 2 % 2));
    const bool passes = rate.take(now, address, standing);
    refused += passes ? 0 : 1;
    must(rate.refused() == refused && rate.size() <= 12);
    Passed& own = sources[address];
    own.known_tries += standing == Standing::stranger ? 0 : 1;
    if (passes) {
      ++(standing == Standing::stranger ? own.by_strangers : own.by_known);
      ++(standing == Standing::stranger ? all.by_strangers : all.by_known);
    }
    const double seconds = std::chrono::duration<double>(now - begin).count();
    const auto most = [&](double its_rate) {
      return std::max(1.0, options.burst * its_rate) + its_rate * seconds + 1e-6;
    };
    must(static_cast<double>(own.by_strangers) <= most(options.per_source));
    must(static_cast<double>(own.by_known) <= most(options.per_known_source));
    if (options.total <= 0) continue;
    const double kept = std::min(options.kept_for_known, 100U);
    must(static_cast<double>(all.by_strangers + all.by_known) <= most(options.total));
    must(static_cast<double>(all.by_strangers) <= most(options.total * (100 - kept) / 100));
    // A known one within its burst is refused for what others took of all alone.
    const double own_burst = std::max(1.0, options.burst * options.per_known_source),
                 burst = std::max(1.0, options.burst * options.total);
    if (static_cast<double>(own.known_tries) <= own_burst &&
        static_cast<double>(all.by_known + all.by_strangers) < burst) {
      must(passes || standing == Standing::stranger);
    }
  }
}

// ---- ConnectionBudget ----

struct Connection {
  IpAddress address;
  bool settled = false;
  std::size_t held = 0;
};

void connection_budget(ByteReader& in) {
  ConnectionBudget::Options options;
  options.total = in.u8("total") % 32;
  options.per_source = 1 + in.u8("per source") % 16;
  options.max_held = std::size_t{in.u8("held")} * 64;
  ConnectionBudget budget(options, in.u8("seed"));
  std::map<ConnectionBudget::Id, Connection> there;
  TimePoint now{};
  ConnectionBudget::Id last = 0;
  for (std::size_t i = 0; i < kMaxOperations && in.remaining() > 0; ++i) {
    now += std::chrono::milliseconds(in.u8("later") * 20);
    const std::uint8_t what = in.u8("what"), which = in.u8("which");
    const ConnectionBudget::Id id = last == 0 ? 0 : 1 + which % last;  // also one that is gone
    const auto at = there.find(id);
    if (what % 8 < 4) {
      const IpAddress address = address_from(which);
      const auto answer = budget.arrive(now, ++last, address, standing_from(what / 8));
      for (const auto goes : answer.go) {
        must(there.contains(goes) && !there.at(goes).settled);
        there.erase(goes);
      }
      if (answer.verdict == ConnectionBudget::Verdict::taken) there[last] = {address, false, 0};
    } else if (what % 8 == 4) {
      budget.left(id);
      there.erase(id);
    } else if (what % 8 == 5) {
      what / 8 % 2 == 0 ? budget.shown(now, id) : budget.idle(now, id);
    } else if (what % 8 == 6) {
      budget.settled(id);
      if (at != there.end()) at->second.settled = true;
    } else if (at != there.end()) {
      const std::size_t octets = std::size_t{what} * which;
      bool itself = false;
      for (const auto goes : budget.holds(id, octets)) {
        must(there.contains(goes) && (goes == id || !there.at(goes).settled));
        itself = itself || goes == id;
        there.erase(goes);
      }
      if (!itself) at->second.held = octets;
    }
    std::size_t held = 0;
    std::map<IpAddress, std::size_t> sources;
    for (const auto& [_, connection] : there) {
      held += connection.held;
      must(++sources[source_of(connection.address)] <= options.per_source);
    }
    must(budget.connections() == there.size() && there.size() <= options.total);
    must(budget.held_octets() == held && held <= options.max_held);
  }
  for (const auto& [id, _] : there)
    budget.left(id);
  must(budget.connections() == 0 && budget.held_octets() == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteReader in({data, size});
  switch (in.u8("which") % 5) {
    case 0:
      source_table(in);
      break;
    case 1:
      known_sources(in);
      break;
    case 2:
      fair_share(in);
      break;
    case 3:
      fair_rate(in);
      break;
    default:
      connection_budget(in);
  }
  return 0;
}
