#include "nat/fast/loader_link.hpp"

#include "tests/loop/nat_fast/loader_process.hpp"

namespace dw::nat::fast::test {
namespace {

using State = InterfaceReport::State;

/// Records what a link reports to the daemon.
struct Daemon {
  net::Loop loop;
  int maps = 0, lost = 0, changes = 0;
  Maps given;
  std::unique_ptr<LoaderLink> link;

  explicit Daemon(const std::string& path) {
    link = std::make_unique<LoaderLink>(loop, path,
                                        LoaderLink::Callbacks{[this](Maps m) {
                                                                ++maps;
                                                                given = std::move(m);
                                                                CHECK(link->state().loaded);
                                                              },
                                                              [this] {
                                                                ++lost;
                                                                given = {};
                                                                CHECK_FALSE(link->state().loaded);
                                                              },
                                                              [this] { ++changes; }});
  }
  bool until(const std::function<bool()>& condition) { return loop.run_until(condition, kPatience); }
  bool says(std::string_view part) {
    return until([&] { return link->state().why.find(part) != std::string::npos; });
  }
};

/// A loader that sends whatever the test wants.
struct FakeLoader {
  std::string directory, path;
  net::Descriptor listener, client;

  FakeLoader() {
    std::array<char, 32> name{"/tmp/dropwire-fake.XXXXXX"};
    REQUIRE(mkdtemp(name.data()));
    directory = name.data();
    path = directory + "/maps";
  }
  ~FakeLoader() { std::filesystem::remove_all(directory); }
  void listen() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    listener = net::Descriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    REQUIRE(bind(listener.number(), static_cast<sockaddr*>(static_cast<void*>(&address)), sizeof address) == 0);
    REQUIRE(::listen(listener.number(), 4) == 0);
  }
  bool accept(Daemon& daemon) {
    return daemon.until([&] {
      if (!client) client = net::Descriptor(accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC));
      return static_cast<bool>(client);
    });
  }
  void say(const Buffer& octets, std::size_t descriptors = 0) const {
    iovec part{const_cast<std::uint8_t*>(octets.data()), octets.size()};
    alignas(cmsghdr) std::array<char, 256> control{};
    std::array<int, 8> numbers{};
    numbers.fill(listener.number());
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (descriptors > 0) {
      message.msg_control = control.data();
      message.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
      cmsghdr* const header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(descriptors * sizeof(int));
      std::memcpy(CMSG_DATA(header), numbers.data(), descriptors * sizeof(int));
    }
    REQUIRE(sendmsg(client.number(), &message, MSG_NOSIGNAL) == static_cast<ssize_t>(octets.size()));
  }
  void say(const LoaderReport& report, std::size_t descriptors = 0) const {
    Buffer octets;
    ByteWriter out(octets);
    write(out, report);
    say(octets, descriptors);
  }
};

LoaderReport loaded(State state = State::attached) {
  return {.loaded = true, .refused = {}, .more_interfaces = false, .interfaces = {{"eth0", state, {}}}};
}
std::size_t open_files() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count;
}

TEST_CASE("loader link: maps once, then what changes, then the end; and from the next loader other maps") {
  FakeLoader loader;
  loader.listen();
  Daemon daemon(loader.path);
  for (int round = 1; round <= 2; ++round) {
    CAPTURE(round);
    REQUIRE(loader.accept(daemon));
    loader.say(loaded(), 3);
    REQUIRE(daemon.until([&] { return daemon.maps == round; }));
    CHECK(daemon.link->state().loaded);
    CHECK(daemon.link->state().why.empty());
    loader.say(loaded(State::down));
    loader.say(loaded(State::vlan));
    CHECK(daemon.until([&] { return daemon.link->state().interfaces[0].state == State::vlan; }));
    CHECK(daemon.lost == round - 1);
    loader.client.reset();
    CHECK(daemon.until([&] { return daemon.lost == round; }));
    CHECK_FALSE(daemon.link->state().why.empty());
    CHECK(daemon.link->state().interfaces.empty());
    CHECK(daemon.maps == round);
  }
}

TEST_CASE("loader link: where none runs it says how to start one, and connects once there is one") {
  FakeLoader loader;
  Daemon daemon(loader.path);
  CHECK(daemon.says("systemctl start dropwire-fast"));
  loader.listen();
  REQUIRE(loader.accept(daemon));
  loader.say(loaded(), 3);
  CHECK(daemon.until([&] { return daemon.maps == 1; }));
  CHECK(daemon.lost == 0);
}

TEST_CASE("loader link: a loader's reason stays, while it is connected and when it was turned away") {
  FakeLoader loader;
  loader.listen();
  Daemon daemon(loader.path);
  REQUIRE(loader.accept(daemon));
  loader.say(
      LoaderReport{.loaded = false, .refused = "the kernel is too old", .more_interfaces = false, .interfaces = {}});
  CHECK(daemon.says("too old"));
  const int changes = daemon.changes;
  loader.client.reset();
  REQUIRE(loader.accept(daemon));  // it connects again
  CHECK(daemon.link->state().why == "the kernel is too old");
  CHECK(daemon.changes == changes);
  CHECK(daemon.maps == 0);
  CHECK(daemon.lost == 0);
}

TEST_CASE("loader link: what makes no sense ends the connection, takes the maps away, and leaks no descriptor") {
  const std::pair<const char*, std::function<void(const FakeLoader&)>> kinds[] = {
      {"no report",
       [](const FakeLoader& l) {
         l.say(Buffer{0, 1, 7});
       }},
      {"another version",
       [](const FakeLoader& l) {
         l.say(Buffer{0, 2});
       }},
      {"no report, with descriptors", [](const FakeLoader& l) { l.say(Buffer{9}, 3); }},
      {"loaded, without descriptors", [](const FakeLoader& l) { l.say(loaded()); }},
      {"two descriptors", [](const FakeLoader& l) { l.say(loaded(), 2); }},
      {"four", [](const FakeLoader& l) { l.say(loaded(), 4); }},
      {"eight", [](const FakeLoader& l) { l.say(loaded(), 8); }},
      {"descriptors, and a reason why there are none", [](const FakeLoader& l) { l.say(LoaderReport{}, 3); }},
      {"maps twice",
       [](const FakeLoader& l) {
         l.say(loaded(), 3);
         l.say(loaded(State::down), 3);
       }},
      {"maps, and then none",
       [](const FakeLoader& l) {
         l.say(loaded(), 3);
         l.say(LoaderReport{});
       }},
  };
  const std::size_t before = open_files();
  for (const auto& [name, what] : kinds) {
    CAPTURE(std::string(name));
    FakeLoader loader;
    loader.listen();
    Daemon daemon(loader.path);
    REQUIRE(loader.accept(daemon));
    what(loader);
    CHECK(daemon.says("another version"));
    CHECK(daemon.maps == daemon.lost);
    CHECK_FALSE(daemon.link->state().loaded);
  }
  CHECK(open_files() == before);
}

TEST_CASE("loader link: maps of the real loader; its end, and the next one's") {
  if (!kernel()) return;
  Host box;
  if (!box) {
    std::printf("SKIPPED, NOT TESTED: this machine does not let us make network namespaces\n");
    return;
  }
  box.sh("ip link add near type veth peer name far && ip link set near up");
  std::string directory;
  auto loader = std::make_unique<LoaderProcess>(box);
  Daemon daemon(loader->socket_path());
  const auto attached = [&] {
    return std::ranges::any_of(daemon.link->state().interfaces,
                               [](const auto& one) { return one.name == "near" && one.state == State::attached; });
  };
  REQUIRE(daemon.until([&] { return daemon.maps == 1 && attached(); }));
  auto maps = KernelMaps::open(daemon.given);
  REQUIRE(maps);
  (*maps)->beat(0, Clock::now());
  box.sh("ip link set near down");
  CHECK(daemon.until([&] { return !attached(); }));
  box.sh("ip link set near up");
  CHECK(daemon.until(attached));

  loader->end(SIGKILL);
  CHECK(daemon.until([&] { return daemon.lost == 1; }));
  maps->reset();
  LoaderProcess next(box, LoaderProcess::kBoth, loader->directory());
  REQUIRE(daemon.until([&] { return daemon.maps == 2 && attached(); }));
  CHECK(KernelMaps::open(daemon.given));

  // The daemon ends: nothing is left on the interface.
  daemon.link.reset();
  CHECK(comes_true([&] { return !has_clsact(box, "near"); }));
}

}  // namespace
}  // namespace dw::nat::fast::test
