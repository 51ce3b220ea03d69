#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>

#include "tests/loop/nat_fast/frames.hpp"
#include "tests/loop/nat_fast/kernel.hpp"
#include "tests/loop/nat_fast/wire.hpp"

namespace dw::nat::fast::test {
namespace {

constexpr int kPatienceMs = 10'000;

struct Captured {
  Buffer ip;
  bool unfinished = false;  ///< a card is to complete the checksum
};

std::optional<Captured> capture(const net::Descriptor& tap) {
  for (;;) {
    pollfd waiting{tap.number(), POLLIN, 0};
    if (poll(&waiting, 1, kPatienceMs) != 1) return std::nullopt;
    Captured out;
    out.ip.resize(4096);
    iovec part{out.ip.data(), out.ip.size()};
    alignas(cmsghdr) std::array<char, 256> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t length = recvmsg(tap.number(), &message, 0);
    if (length < 28 || out.ip[9] != 17) continue;
    out.ip.resize(static_cast<std::size_t>(length));
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
      tpacket_auxdata aux{};
      std::memcpy(&aux, CMSG_DATA(c), sizeof aux);
      out.unfinished = (aux.tp_status & TP_STATUS_CSUMNOTREADY) != 0;
    }
    return out;
  }
}

TEST_CASE("checksums are right on the wire, whoever completes them: the sender, its card or ours") {
  Kernel* k = kernel();
  if (!k) return;
  if (has_no_hosts()) return;
  Wire wire;
  const auto phone = Wire::udp(wire.phone, kPhone, kPhonePort);
  const auto near = Wire::udp(wire.box, kNear, kNearPort);
  const auto server = Wire::udp(wire.server, kServer, kServerPort);
  net::Descriptor tap;
  wire.server.run([&] {
    tap = net::Descriptor(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP)));
    const int yes = 1;
    REQUIRE(setsockopt(tap.number(), SOL_PACKET, PACKET_AUXDATA, &yes, sizeof yes) == 0);
  });
  wire.box.run([&] { REQUIRE(k->program->attach(if_nametoindex("near"))); });
  k->maps->take(1);
  k->maps->at(1).rule = rule_of(wire.way_out);
  k->maps->at(1).count = begun();
  k->maps->give(1);
  REQUIRE(k->maps->add_port(key_of_near(), 1));

  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(kNear);
  to.sin_port = htons(kNearPort);
  Frame frame;
  bool was_unfinished = false, was_finished = false;
  for (const bool senders : {true, false})
    for (const bool ours : {true, false}) {
      Wire::set_offload(wire.phone, "phone", senders);
      Wire::set_offload(wire.box, "far", ours);
      for (std::size_t octets = 159; octets < 163; ++octets) {
        CAPTURE(senders);
        CAPTURE(ours);
        CAPTURE(octets);
        ++frame.sequence;
        frame.payload = Buffer(octets, static_cast<std::uint8_t>(octets * 7));
        const Buffer whole = frame.octets();
        const Bytes rtp = Bytes(whole).subspan(42);
        k->maps->beat(0, Clock::now());
        REQUIRE(sendto(phone.number(), rtp.data(), rtp.size(), 0, static_cast<sockaddr*>(static_cast<void*>(&to)),
                       sizeof to) == static_cast<ssize_t>(rtp.size()));
        const auto caught = capture(tap);
        REQUIRE(caught);
        const Bytes ip(caught->ip);
        CHECK(internet_sum(ip.first(20)) == 0xffff);
        CHECK(field(ip, 12, 4) == kFar);
        CHECK(field(ip, 20, 2) == kFarPort);
        if (caught->unfinished)
          CHECK(field(ip, 26, 2) == internet_sum({}, pseudo_sum(ip)));
        else
          CHECK(internet_sum(ip.subspan(20), pseudo_sum(ip)) == 0xffff);
        (caught->unfinished ? was_unfinished : was_finished) = true;
        // The kernel there accepts it too.
        pollfd waiting{server.number(), POLLIN, 0};
        REQUIRE(poll(&waiting, 1, kPatienceMs) == 1);
        Buffer got(2048);
        got.resize(static_cast<std::size_t>(std::max<ssize_t>(recv(server.number(), got.data(), got.size(), 0), 0)));
        CHECK(std::ranges::equal(got, rtp));
      }
    }
  CHECK(was_unfinished);
  CHECK(was_finished);
  // No plain packet reached the socket; others do.
  pollfd nothing{near.number(), POLLIN, 0};
  CHECK(poll(&nothing, 1, 0) == 0);
  const Buffer other = {0x00, 0x00};
  REQUIRE(sendto(phone.number(), other.data(), other.size(), 0, static_cast<sockaddr*>(static_cast<void*>(&to)),
                 sizeof to) == 2);
  CHECK(poll(&nothing, 1, kPatienceMs) == 1);

  wire.box.run([&] { k->program->detach(if_nametoindex("near")); });
  k->maps->take(1);
  k->maps->remove_port(key_of_near(), 1);
  wire.box.run([] {
    CHECK(std::system("test -z \"$(tc filter show dev near ingress)\" && ! tc qdisc show dev near | grep -q clsact") ==
          0);
  });
}

}  // namespace
}  // namespace dw::nat::fast::test
