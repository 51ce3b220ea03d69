// Throws mutated pieces of every protocol at a whole Dropwire, as strangers do and as a central side does that lies:
// TFTP, HTTP, SIP by UDP and TCP, SCCP, STUN, RTP and RTCP. Healthy phones boot, register, call and are called before,
// meanwhile and after: none of their actions may fail, and each of their calls is heard. In the end what strangers held
// is given back: connections and what came of them (after "seconds" also what SIP's timers end: calls, streams,
// transactions and registrations), memory too, and nothing was leaked. Nothing is judged by a clock but that something
// happens at all.
//
//   netfuzz DROPWIRE CORPUS SEED [pieces=4000] [first=1] [seconds=0]     CORPUS: tests/fuzz/corpus
//
// A piece follows from the seed and its number. seconds: so long, instead of so many pieces. Ends with 0 when all was
// well, and with 1 when not; says then how to throw the same again.
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <optional>

#include "tests/lab/http_get.hpp"
#include "tests/lab/tftp_get.hpp"
#include "tests/netfuzz/central.hpp"
#include "tests/netfuzz/daemon.hpp"
#include "tests/netfuzz/phones.hpp"
#include "tests/netfuzz/strangers.hpp"

namespace {

using namespace dw;
using namespace dw::netfuzz;
using namespace std::chrono_literals;

constexpr Duration kPatience = 60s;    // for one action of a healthy phone; a machine may be busy
constexpr Duration kTimersEnd = 300s;  // SIP's, the longest is for the NOTIFYs of a REFER
constexpr std::size_t kAhead = 100;    // pieces that are thrown before Dropwire showed that it took those before
constexpr std::size_t kAtOnce = 10;
constexpr std::uint64_t kPackets = 5;    // that a healthy phone hears of each of its calls
constexpr long kMaxGrowth = 128L << 10;  // KiB of resident memory, most of it AddressSanitizer's own
constexpr std::size_t kShown = 200;      // pieces to throw again when something failed: the last ones
constexpr const char* kConfig = "SEP00AA00AA0001.cnf.xml";
constexpr const char* kFile = "healthy-ringtone.raw";

struct Arguments {
  std::string binary, corpus;
  unsigned seed = 1;
  std::size_t pieces = 4000, first = 1, seconds = 0;
};

class Fight {
 public:
  explicit Fight(Arguments arguments)
      : arguments_(std::move(arguments)),
        places_(arguments_.seed),
        pieces_(arguments_.corpus, arguments_.seed),
        central_(places_, pieces_, arguments_.seed),
        strangers_(places_, central_),
        daemon_(arguments_.binary, places_),
        next_(arguments_.first) {
    std::string config = "<device><sshUserId>u</sshUserId><loadInformation>x</loadInformation>\n";
    for (int i = 0; i < 60; ++i)
      config += "<vendorConfig><webAccess>0</webAccess></vendorConfig>\n";
    daemon_.add_file(kConfig, config + "</device>\n");
    for (int i = 0; i < 3000; ++i)
      file_ += static_cast<char>(i * 7);
    daemon_.add_file(kFile, file_);
  }
  int run();

 private:
  // The world turns: everybody hears, and some pieces are thrown.
  void turn();
  void throw_some();
  bool throwing() const {
    return raging_ && (arguments_.seconds > 0 ? Clock::now() < until_ : next_ < arguments_.first + arguments_.pieces);
  }
  /// Turns until it is so; else that is the end.
  void expect(const std::string& what, const std::function<bool()>& condition, Duration patience = kPatience);
  [[noreturn]] void fail(const std::string& what);

  void boots();
  template <class Phone>
  void hears(const std::string& who, const Phone& phone);
  void sip_round(SipPhone& phone);
  void sccp_round(SccpPhone& phone);
  void newcomers();
  void settled();
  void all_end();
  void given_back(const std::vector<std::string>& gauges);
  void within_bounds();
  void look_at_log();

  Arguments arguments_;
  Places places_;
  Pieces pieces_;
  Central central_;
  Strangers strangers_;
  Daemon daemon_;
  std::string file_;
  std::vector<std::unique_ptr<SipPhone>> sip_;
  std::vector<std::unique_ptr<SccpPhone>> sccp_;
  std::size_t next_, taken_ = 0, thrown_ = 0, actions_ = 0;
  unsigned phones_ = 0;
  bool raging_ = false, asked_ = false;
  TimePoint until_{}, asked_at_{};
};

void Fight::fail(const std::string& what) {
  std::fprintf(stderr, "netfuzz: seed %u, after piece %zu: %s\n", arguments_.seed, next_ - 1, what.c_str());
  const std::size_t from = std::max(arguments_.first, next_ > kShown ? next_ - kShown : 1);
  for (std::size_t n = std::max(from, next_ > 5 ? next_ - 5 : 1); n < next_; ++n)
    std::fprintf(stderr, "  piece %zu: %s\n", n, pieces_.at(n).to_string().c_str());
  std::fprintf(stderr, "The last %zu pieces again:\n  %s %s %s %u first=%zu pieces=%zu\n", next_ - from,
               program_invocation_name, arguments_.binary.c_str(), arguments_.corpus.c_str(), arguments_.seed, from,
               next_ - from);
  const std::string log = daemon_.log();
  constexpr std::size_t kEnd = 6000;
  const std::size_t report = std::min(log.find("ERROR: "), log.find("runtime error: "));
  std::fprintf(stderr, "What Dropwire said (%s):\n%s\n", (daemon_.directory() / "log").c_str(),
               log.substr(report != std::string::npos ? report
                          : log.size() > kEnd         ? log.size() - kEnd
                                                      : 0,
                          kEnd)
                   .c_str());
  daemon_.keep_directory();
  throw what;
}

// As many at once as keep its sockets from overflowing: pieces that the kernel drops show nothing.
void Fight::throw_some() {
  const TimePoint now = Clock::now();
  if (asked_ && strangers_.answered()) {
    asked_ = false;
    taken_ = thrown_;
  }
  if (thrown_ >= taken_ + kAhead) {
    if (asked_ && now < asked_at_ + 1s) return;
    strangers_.ask();
    asked_ = true;
    asked_at_ = now;
    return;
  }
  for (std::size_t i = 0; i < kAtOnce && throwing(); ++i, ++next_, ++thrown_)
    strangers_.throw_one(pieces_.at(next_));
}

void Fight::turn() {
  if (throwing()) throw_some();
  const TimePoint now = Clock::now();
  strangers_.step();
  central_.step(now);
  for (const auto& phone : sip_)
    phone->step(now);
  for (const auto& phone : sccp_)
    phone->step(now);
  std::vector<pollfd> polls;
  central_.add_polls(polls);
  for (const auto& phone : sip_)
    phone->add_polls(polls);
  for (const auto& phone : sccp_)
    phone->add_polls(polls);
  (void)poll(polls.data(), polls.size(), throwing() ? 1 : 10);
}

void Fight::expect(const std::string& what, const std::function<bool()>& condition, Duration patience) {
  const TimePoint end = Clock::now() + patience;
  while (!condition()) {
    if (!daemon_.runs()) fail("Dropwire has ended: " + daemon_.how());
    if (Clock::now() > end) fail("did not happen: " + what);
    turn();
  }
  ++actions_;
}

// ---- healthy phones ----

void Fight::boots() {
  const auto fetched = [&](const char* how, const std::string& name, const auto& get) {
    std::future<std::optional<lab::Got>> got = std::async(std::launch::async, [&, name] { return get(name); });
    expect(std::string("a file by ") + how, [&] { return got.wait_for(0s) == std::future_status::ready; });
    const std::optional<lab::Got> result = got.get();
    if (!result || !result->ok) fail("a healthy phone did not get " + name + " by " + how);
    return result->octets;
  };
  const auto tftp = [&](const std::string& name) {
    return std::optional(lab::tftp_get({places_.daemon(), Places::kTftp}, name, 30));
  };
  const auto http = [&](const std::string& name) { return lab::http_get({places_.daemon(), Places::kHttp}, name); };
  for (const std::string& config : {fetched("TFTP", kConfig, tftp), fetched("HTTP", kConfig, http)})
    if (config.find("</device>") == std::string::npos) fail("a healthy phone's config is not whole");
  for (const std::string& file : {fetched("TFTP", kFile, tftp), fetched("HTTP", kFile, http)})
    if (file != file_) fail("a healthy phone's file is not what the origin has");
}

// Its audio goes to the far end and back, and it hears nobody else's.
template <class Phone>
void Fight::hears(const std::string& who, const Phone& phone) {
  expect(who + " hears", [&] { return phone.voice() != nullptr && phone.voice()->heard() >= kPackets; });
  if (!phone.voice()->ok()) fail(who + " has no port for its audio");
  if (const std::string wrong = phone.voice()->wrong(); !wrong.empty()) fail(who + " heard somebody else: " + wrong);
}

void Fight::sip_round(SipPhone& phone) {
  const std::string who = phone.ua.options().user;
  sim::SipUa& server = central_.registrar();
  using State = sim::SipCall::State;
  const std::string out = phone.ua.call(Clock::now(), "600");
  expect(who + " calls", [&] { return phone.ua.calls().at(out).state != State::calling; });
  if (phone.ua.calls().at(out).final_status != 200) fail(who + " was refused a call");
  hears(who, phone);
  phone.ua.hang_up(Clock::now(), out);
  expect(who + " hangs up", [&] { return phone.ua.calls().at(out).ended == 1; });
  const std::string in = server.call(Clock::now(), who);
  if (in.empty()) fail(who + " is not registered at the server");
  expect(who + " is called", [&] { return server.calls().at(in).state != State::calling; });
  if (server.calls().at(in).final_status != 200) fail("a call to " + who + " was refused");
  hears(who, phone);
  server.hang_up(Clock::now(), in);
  expect("the server hangs up on " + who, [&] { return server.calls().at(in).ended == 1; });
}

void Fight::sccp_round(SccpPhone& phone) {
  const std::string who = phone.core.options().device;
  phone.act(phone.core.dial(Clock::now(), "600"));
  expect(who + " calls", [&] { return phone.gone() || phone.connected(); });
  if (phone.gone()) fail(who + " lost its connection");
  hears(who, phone);
  phone.act(phone.core.on_hook(Clock::now()));
  expect(who + " hangs up", [&] { return phone.gone() || phone.core.calls().empty(); });
  if (phone.gone()) fail(who + " lost its connection");
}

// Two SIP phones and an SCCP phone that nobody has seen before.
void Fight::newcomers() {
  const std::size_t first_sip = sip_.size(), first_sccp = sccp_.size();
  for (const bool tcp : {false, true})
    sip_.push_back(std::make_unique<SipPhone>(places_, ++phones_, tcp));
  sccp_.push_back(std::make_unique<SccpPhone>(places_, ++phones_));
  for (std::size_t i = first_sip; i < sip_.size(); ++i) {
    SipPhone& phone = *sip_[i];
    phone.ua.register_now(Clock::now());
    expect(phone.ua.options().user + " registers", [&] { return phone.ua.registered(Clock::now()); });
    sip_round(phone);
  }
  SccpPhone& phone = *sccp_[first_sccp];
  expect(phone.core.options().device + " registers", [&] { return phone.gone() || phone.core.is_registered(); });
  if (phone.gone()) fail(phone.core.options().device + " was turned away");
  sccp_round(phone);
}

void Fight::settled() {
  boots();
  for (const auto& phone : sip_)
    sip_round(*phone);
  for (const auto& phone : sccp_)
    sccp_round(*phone);
}

// ---- afterwards ----

void Fight::all_end() {
  central_.stop_lying();
  for (const auto& phone : sip_)
    phone->ua.unregister(Clock::now());
  for (const auto& phone : sccp_)
    phone->act(phone->core.unregister(Clock::now()));
  for (const auto& phone : sip_) {
    expect(phone->ua.options().user + " unregisters", [&] { return !phone->ua.registered(Clock::now()); });
    for (const std::string& fault : phone->ua.faults())
      fail("what a healthy phone heard was wrong: " + fault);
  }
  for (const auto& phone : sccp_) {
    expect(phone->core.options().device + " unregisters", [&] { return phone->gone(); });
    for (const std::string& problem : phone->core.problems())
      fail("what a healthy phone heard was wrong: " + problem);
  }
  sip_.clear();
  sccp_.clear();
  // The server ends all calls that it took, those that share all names with another one too; then the strangers go.
  // What nobody answers any more lasts as long as SIP's timers, a registration for a minute, a subscription for longer:
  // only a long run waits for them.
  const bool waits = arguments_.seconds > 0;
  if (waits) given_back({"dropwire_sip_calls", "dropwire_sccp_calls", "dropwire_media_streams"});
  strangers_.leave();
  std::vector<std::string> gauges = {"dropwire_sccp_connections",
                                     "dropwire_sip_connections",
                                     "dropwire_sccp_registered",
                                     "dropwire_sccp_calls",
                                     "dropwire_table_entries sip_held_octets",
                                     "dropwire_table_entries sccp_held_octets"};
  if (waits)
    gauges.insert(gauges.end(), {"dropwire_sip_transactions", "dropwire_table_entries sip_bindings",
                                 "dropwire_table_entries sip_dialogs"});
  given_back(gauges);
  within_bounds();
}

void Fight::given_back(const std::vector<std::string>& gauges) {
  std::string what = "what strangers held is given back";
  TimePoint next{};
  expect(
      what,
      [&] {
        if (Clock::now() < next) return false;
        next = Clock::now() + 200ms;
        const auto metrics = daemon_.metrics();
        std::string held;
        for (const std::string& name : gauges) {
          const auto found = metrics.find(name);
          if (found == metrics.end()) held += " no " + name;
          if (found != metrics.end() && found->second != 0)
            held += " " + name + "=" + std::to_string(static_cast<long>(found->second));
        }
        what = "what strangers held is given back, but for" + held + "; " + central_.refused();
        return held.empty();
      },
      kTimersEnd);
}

void Fight::within_bounds() {
  std::size_t tables = 0;
  const auto metrics = daemon_.metrics();
  for (const auto& [name, entries] : metrics) {
    if (!name.starts_with("dropwire_table_entries ")) continue;
    ++tables;
    const auto bound = metrics.find("dropwire_table_bound " + name.substr(name.find(' ') + 1));
    if (bound == metrics.end() || entries > bound->second) fail("beyond its bound, or without one: " + name);
  }
  if (tables < 10) fail("metrics of tables are missing");
}

void Fight::look_at_log() {
  for (const char c : daemon_.log())
    if ((c >= 0 && c < 32 && c != '\n') || c == 127) fail("a control octet of somebody's is in the log");
}

int Fight::run() {
  daemon_.start();
  expect("Dropwire answers", [&] {
    if (Clock::now() < asked_at_ + 100ms) return false;
    asked_at_ = Clock::now();
    strangers_.ask();
    return strangers_.answered();
  });
  boots();
  newcomers();
  const long before = daemon_.resident_kib();
  raging_ = true;
  until_ = Clock::now() + std::chrono::seconds(arguments_.seconds);
  std::size_t rounds = 0;
  for (; throwing(); ++rounds) {
    settled();
    if (sip_.size() < 8) newcomers();
  }
  raging_ = false;
  settled();
  newcomers();
  all_end();
  const long after = daemon_.resident_kib();
  if (after - before > kMaxGrowth)
    fail("memory grew from " + std::to_string(before) + " to " + std::to_string(after) + " KiB");
  if (!daemon_.stop()) fail("Dropwire did not end well: " + daemon_.how());
  look_at_log();
  std::printf(
      "seed %u: %zu pieces, %zu rounds and %zu actions of healthy phones, resident %ld KiB before and %ld after\n",
      arguments_.seed, thrown_, rounds, actions_, before, after);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: netfuzz DROPWIRE CORPUS SEED [pieces=N] [first=N] [seconds=N]\n", stderr);
    return 2;
  }
  Arguments arguments{
      .binary = argv[1], .corpus = argv[2], .seed = static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10))};
  for (int i = 4; i < argc; ++i) {
    const std::string word = argv[i], name = word.substr(0, word.find('='));
    const std::size_t value = std::strtoul(word.c_str() + std::min(word.size(), name.size() + 1), nullptr, 10);
    if (name == "pieces") arguments.pieces = value;
    if (name == "first") arguments.first = value;
    if (name == "seconds") arguments.seconds = value;
  }
  try {
    return Fight(std::move(arguments)).run();
  } catch (const std::string&) {
    return 1;
  }
}
