#include <bpf/libbpf.h>
#include <net/if.h>

#include "tests/loop/nat_fast/loader_process.hpp"

namespace dw::nat::fast::test {
namespace {

using State = InterfaceReport::State;
constexpr uid_t kDaemon = 1, kStranger = 2;  // Debian's users daemon and bin

/// A box with one virtual cable, whose other end is down.
struct Box {
  Host host;
  explicit operator bool() const { return static_cast<bool>(host); }
  Box() {
    if (host) host.sh("ip link add near type veth peer name far && ip link set near up");
  }
};

bool can_run(const Box& box) {
  if (!kernel()) return false;
  if (!box) std::printf("SKIPPED, NOT TESTED: this machine does not let us make network namespaces\n");
  return static_cast<bool>(box);
}

/// Somebody else's filter, beside ours: the program itself at another place.
void attach_foreign(const Host& host, const char* interface, bpf_tc_attach_point where) {
  host.run([&] {
    bpf_tc_hook hook{};
    hook.sz = sizeof hook;
    hook.ifindex = static_cast<int>(if_nametoindex(interface));
    hook.attach_point = where;
    const int made = bpf_tc_hook_create(&hook);
    REQUIRE((made == 0 || made == -EEXIST));
    bpf_tc_opts options{};
    options.sz = sizeof options;
    options.priority = 5;
    options.handle = 5;
    options.prog_fd = kernel()->program->descriptor();
    REQUIRE(bpf_tc_attach(&hook, &options) == 0);
  });
}
bool has_ours(const Host& host, const char* interface) {
  return output_of(host, std::string("tc filter show dev ") + interface + " ingress").find("pref 7900") !=
         std::string::npos;
}
bool has_foreign(const Host& host, const char* interface, const char* where) {
  return output_of(host, std::string("tc filter show dev ") + interface + " " + where).find("pref 5 ") !=
         std::string::npos;
}
int detach(const Host& host) {
  int status = -1;
  host.run([&] { status = std::system(DROPWIRE_FAST " --detach"); });
  return status;
}

TEST_CASE("who connects gets maps of his own, and while he is connected the program is attached to what is plain") {
  Box box;
  if (!can_run(box)) return;
  box.host.sh(
      "ip link add br0 type bridge && ip link set br0 up && ip link add in type veth peer name out && "
      "ip link set in master br0 && ip link set in up");
  LoaderProcess loader(box.host);
  Client client(loader.socket_path(), kDaemon);
  REQUIRE(client.next());
  CHECK(client.last.loaded);
  CHECK(client.last.refused.empty());
  CHECK(client.given == 3);
  // What happens in this namespace needs a moment, so more reports may follow; these four are in each.
  CHECK(client.says("near", State::attached));
  CHECK(client.says("br0", State::attached));
  CHECK(client.says("far", State::down));
  CHECK(client.says("in", std::nullopt));
  CHECK(client.says("lo", std::nullopt));
  CHECK(has_ours(box.host, "near"));
  CHECK(has_ours(box.host, "br0"));
  for (const char* other : {"far", "in", "lo"})
    CHECK_FALSE(has_clsact(box.host, other));

  // They are usable without any capability, and empty.
  with_capabilities({}, [&] {
    auto opened = KernelMaps::open(client.maps);
    REQUIRE(opened);
    CHECK((*opened)->add_port({}, 1));
  });

  client.close();
  CHECK(comes_true([&] { return !has_clsact(box.host, "near"); }));
  CHECK(comes_true([&] { return !has_clsact(box.host, "br0"); }));

  Client again(loader.socket_path());
  REQUIRE(again.next());
  CHECK(again.last.loaded);
  CHECK(again.given == 3);
  CHECK(has_ours(box.host, "near"));
}

TEST_CASE("interfaces that come, go, go up and down, are renamed and join a bridge") {
  Box box;
  if (!can_run(box)) return;
  LoaderProcess loader(box.host);
  Client client(loader.socket_path(), kDaemon);
  REQUIRE(client.next());

  box.host.sh("ip link set far up");
  CHECK(client.says("far", State::attached));
  CHECK(has_ours(box.host, "far"));
  box.host.sh("ip link set far down");
  CHECK(client.says("far", State::down));
  CHECK_FALSE(has_clsact(box.host, "far"));

  box.host.sh("ip link add new0 type veth peer name new1 && ip link set new0 up");
  CHECK(client.says("new0", State::attached));
  box.host.sh("ip link set new0 down && ip link set new0 name lan0 && ip link set lan0 up");
  CHECK(client.says("lan0", State::attached));
  CHECK(client.says("new0", std::nullopt));
  CHECK(has_ours(box.host, "lan0"));

  box.host.sh("ip link add br0 type bridge && ip link set br0 up && ip link set lan0 master br0");
  CHECK(client.says("lan0", std::nullopt));
  CHECK(client.says("br0", State::attached));
  CHECK_FALSE(has_clsact(box.host, "lan0"));
  box.host.sh("ip link set lan0 nomaster");
  CHECK(client.says("lan0", State::attached));
  CHECK(has_ours(box.host, "lan0"));

  // The same name, another interface.
  box.host.sh("ip link del lan0 && ip link add lan0 type veth peer name lan1 && ip link set lan0 up");
  CHECK(comes_true([&] { return has_ours(box.host, "lan0"); }));
  box.host.sh("ip link del lan0");
  CHECK(client.says("lan0", std::nullopt));
  CHECK(client.says("near", State::attached));
}

TEST_CASE("a VLAN stays with the sockets") {
  Box box;
  if (!can_run(box)) return;
  bool made = false;
  box.host.run([&] {
    made = std::system("ip link add link near name near.5 type vlan id 5 2>/dev/null && ip link set near.5 up") == 0;
  });
  if (!made) {
    std::printf("VLANs were not tried: this kernel has none\n");
    return;
  }
  LoaderProcess loader(box.host);
  Client client(loader.socket_path());
  REQUIRE(client.next());
  CHECK(client.says("near.5", State::vlan));
  CHECK_FALSE(has_clsact(box.host, "near.5"));
}

TEST_CASE("one at a time: a second one is turned away in a sentence, and gets the maps once the first is gone") {
  Box box;
  if (!can_run(box)) return;
  LoaderProcess loader(box.host);
  Client first(loader.socket_path(), kDaemon);
  REQUIRE(first.next());
  {
    Client second(loader.socket_path(), kDaemon);
    REQUIRE(second.next());
    CHECK_FALSE(second.last.loaded);
    CHECK(second.given == 0);
    CHECK(second.last.refused.find("another Dropwire") != std::string::npos);
    CHECK_FALSE(second.next());
  }
  CHECK(has_ours(box.host, "near"));
  first.close();
  CHECK(comes_true([&] {
    Client third(loader.socket_path(), kDaemon);
    return third.next() && third.last.loaded;
  }));
}

TEST_CASE("another user is turned away, whatever the socket's mode allows") {
  Box box;
  if (!can_run(box)) return;
  LoaderProcess loader(box.host);
  { Client until_it_listens(loader.socket_path()); }
  struct stat about {};
  REQUIRE(stat(loader.socket_path().c_str(), &about) == 0);
  CHECK((about.st_mode & 0777) == 0660);
  REQUIRE(chmod(loader.socket_path().c_str(), 0666) == 0);
  Client stranger(loader.socket_path(), kStranger);
  REQUIRE(stranger.next());
  CHECK_FALSE(stranger.last.loaded);
  CHECK(stranger.given == 0);
  CHECK_FALSE(stranger.last.refused.empty());
  CHECK_FALSE(stranger.next());
  Client daemon(loader.socket_path(), kDaemon);
  REQUIRE(daemon.next());
  CHECK(daemon.last.loaded);
}

TEST_CASE("whoever says something is disconnected, and the program goes with him") {
  Box box;
  if (!can_run(box)) return;
  LoaderProcess loader(box.host);
  Client client(loader.socket_path());
  REQUIRE(client.next());
  client.send("hello");
  while (client.next()) {
  }
  CHECK(comes_true([&] { return !has_clsact(box.host, "near"); }));
}

TEST_CASE("SIGTERM leaves nothing, and what is others' stays") {
  Box box;
  if (!can_run(box)) return;
  box.host.sh("ip link set far up && tc qdisc add dev far clsact");
  LoaderProcess loader(box.host);
  Client client(loader.socket_path());
  REQUIRE(client.next());
  CHECK(client.says("far", State::attached));
  SUBCASE("nobody else came") {
    CHECK(loader.end(SIGTERM) == 0);
    CHECK_FALSE(has_clsact(box.host, "near"));
    CHECK(has_clsact(box.host, "far"));  // it was there before
    CHECK_FALSE(has_program(box.host, "far"));
  }
  SUBCASE("somebody's filter is on the clsact that the loader made") {
    attach_foreign(box.host, "near", BPF_TC_INGRESS);
    CHECK(loader.end(SIGTERM) == 0);
    CHECK(has_foreign(box.host, "near", "ingress"));
    CHECK_FALSE(has_ours(box.host, "near"));
  }
  SUBCASE("on its way out") {
    attach_foreign(box.host, "near", BPF_TC_EGRESS);
    CHECK(loader.end(SIGTERM) == 0);
    CHECK(has_foreign(box.host, "near", "egress"));
    CHECK_FALSE(has_ours(box.host, "near"));
  }
  CHECK_FALSE(std::filesystem::exists(loader.socket_path()));
  CHECK_FALSE(client.next());
}

TEST_CASE("after SIGKILL --detach leaves nothing, and what is others' stays") {
  Box box;
  if (!can_run(box)) return;
  box.host.sh("ip link set far up");
  attach_foreign(box.host, "far", BPF_TC_INGRESS);
  LoaderProcess loader(box.host);
  {
    Client client(loader.socket_path());
    REQUIRE(client.next());
    CHECK(client.says("near", State::attached));
    CHECK(client.says("far", State::attached));
    CHECK(loader.end(SIGKILL) == -1);
  }
  REQUIRE(has_ours(box.host, "near"));
  REQUIRE(has_ours(box.host, "far"));
  CHECK(detach(box.host) == 0);
  CHECK_FALSE(has_clsact(box.host, "near"));
  CHECK_FALSE(has_ours(box.host, "far"));
  CHECK(has_foreign(box.host, "far", "ingress"));
  CHECK(detach(box.host) == 0);
  CHECK(has_foreign(box.host, "far", "ingress"));
}

TEST_CASE("the next loader removes what a killed one left, before anybody connects") {
  Box box;
  if (!can_run(box)) return;
  LoaderProcess killed(box.host);
  Client client(killed.socket_path());
  REQUIRE(client.next());
  CHECK(client.says("near", State::attached));
  killed.end(SIGKILL);
  box.host.sh("ip link set near down");  // an interface that is not attached to now
  REQUIRE(has_ours(box.host, "near"));
  REQUIRE(std::filesystem::exists(killed.socket_path()));
  LoaderProcess next(box.host, LoaderProcess::kBoth, killed.directory());
  CHECK(comes_true([&] { return !has_clsact(box.host, "near"); }));
  Client after(next.socket_path());
  REQUIRE(after.next());
  CHECK(after.last.loaded);
}

TEST_CASE("the program that somebody removed from an interface is put back") {
  Box box;
  if (!can_run(box)) return;
  LoaderProcess loader(box.host);
  Client client(loader.socket_path());
  REQUIRE(client.next());
  CHECK(client.says("near", State::attached));
  box.host.sh("tc filter del dev near ingress pref 7900");
  CHECK(comes_true([&] { return has_ours(box.host, "near"); }));
  box.host.sh("tc qdisc del dev near clsact");
  CHECK(comes_true([&] { return has_ours(box.host, "near"); }));
  CHECK(client.says("near", State::attached));
}

TEST_CASE("without CAP_BPF there are no maps but a sentence, and what the kernel said is kept until it works") {
  Box box;
  if (!can_run(box)) return;
  LoaderProcess loader(box.host, "-all,+net_admin");
  Client client(loader.socket_path());
  REQUIRE(client.next());
  CHECK_FALSE(client.last.loaded);
  CHECK(client.given == 0);
  CHECK(client.last.refused.find("CAP_BPF") != std::string::npos);
  CHECK(client.last.interfaces.empty());
  CHECK_FALSE(loader.kept_log().empty());
  CHECK_FALSE(has_clsact(box.host, "near"));
  loader.end(SIGTERM);
  LoaderProcess able(box.host, LoaderProcess::kBoth, loader.directory());
  Client later(able.socket_path());
  REQUIRE(later.next());
  CHECK(later.last.loaded);
  CHECK(able.kept_log().empty());
}

TEST_CASE("without CAP_NET_ADMIN the kernel refuses the program, or each interface does") {
  Box box;
  if (!can_run(box)) return;
  LoaderProcess loader(box.host, "-all,+bpf");
  Client client(loader.socket_path());
  REQUIRE(client.next());
  if (client.last.loaded)
    CHECK(client.says("near", State::refused));
  else
    CHECK(client.last.refused.find("CAP_NET_ADMIN") != std::string::npos);
  CHECK_FALSE(has_clsact(box.host, "near"));
}

TEST_CASE("a second loader in the same place ends, and the first goes on") {
  Box box;
  if (!can_run(box)) return;
  LoaderProcess loader(box.host);
  Client client(loader.socket_path());
  REQUIRE(client.next());
  LoaderProcess second(box.host, LoaderProcess::kBoth, loader.directory());
  CHECK(second.end(0) == 1);
  CHECK(has_ours(box.host, "near"));
  CHECK(std::filesystem::exists(loader.socket_path()));
}

TEST_CASE("wrong words on its command line are refused") {
  for (const char* words : {"--nonsense", "--user", "--directory", "--user no-such-user-here"}) {
    CAPTURE(std::string(words));
    const int status = std::system((std::string(DROPWIRE_FAST) + " " + words + " 2>/dev/null").c_str());
    CHECK(WEXITSTATUS(status) == 2);
  }
  CHECK(std::system(DROPWIRE_FAST " --help >/dev/null") == 0);
  CHECK(std::system(DROPWIRE_FAST " --version >/dev/null") == 0);
}

}  // namespace
}  // namespace dw::nat::fast::test
