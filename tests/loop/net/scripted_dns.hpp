#pragma once
#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sbc/base/byte_reader.hpp"
#include "sbc/base/byte_writer.hpp"
#include "sbc/base/text_cursor.hpp"
#include "sbc/net/datagram_socket.hpp"
#include "sbc/net/tcp_stream.hpp"

namespace dw::test {

inline constexpr std::uint16_t kA = 1, kCname = 5, kAaaa = 28, kSrv = 33;
inline constexpr std::uint16_t kNoError = 0, kServFail = 2, kNxDomain = 3, kRefused = 5;
inline constexpr std::uint16_t kTruncated = 0x0200;  // the TC bit

/// A resource record, as it goes on the wire.
struct DnsRecord {
  std::string name;
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  Buffer data;
};

inline void write_name(ByteWriter& out, std::string_view name) {
  TextCursor cursor(name);
  while (!cursor.at_end()) {
    const std::string_view label = cursor.take_until(".");
    cursor.skip_char('.');
    out.u8(static_cast<std::uint8_t>(label.size()));
    out.text(label);
  }
  out.u8(0);
}

inline DnsRecord address(std::string name, const char* text, std::uint32_t ttl = 300) {
  const auto ip = *IpAddress::parse(text);
  return {std::move(name), ip.is_v4() ? kA : kAaaa, ttl, Buffer(ip.octets().begin(), ip.octets().end())};
}
inline DnsRecord cname(std::string name, std::string_view target, std::uint32_t ttl = 300) {
  DnsRecord out{std::move(name), kCname, ttl, {}};
  ByteWriter writer(out.data);
  write_name(writer, target);
  return out;
}
inline DnsRecord srv(std::string name, std::uint16_t priority, std::uint16_t weight, std::uint16_t port,
                     std::string_view target, std::uint32_t ttl = 300) {
  DnsRecord out{std::move(name), kSrv, ttl, {}};
  ByteWriter writer(out.data);
  writer.u16be(priority), writer.u16be(weight), writer.u16be(port);
  write_name(writer, target);
  return out;
}

struct DnsReply {
  std::vector<DnsRecord> answers = {};
  std::vector<DnsRecord> additional = {};
  std::uint16_t flags = kNoError;  ///< the code of the answer, and kTruncated
};

/// A whole message that answers the one question.
inline Buffer dns_message(std::uint16_t id, std::string_view name, std::uint16_t type, const DnsReply& reply) {
  Buffer out;
  ByteWriter writer(out);
  writer.u16be(id);
  writer.u16be(static_cast<std::uint16_t>(0x8180 | reply.flags));  // an answer, recursion asked and available
  writer.u16be(1);
  writer.u16be(static_cast<std::uint16_t>(reply.answers.size()));
  writer.u16be(0);
  writer.u16be(static_cast<std::uint16_t>(reply.additional.size()));
  write_name(writer, name);
  writer.u16be(type), writer.u16be(1);
  for (const auto* section : {&reply.answers, &reply.additional}) {
    for (const DnsRecord& record : *section) {
      write_name(writer, record.name);
      writer.u16be(record.type), writer.u16be(1), writer.u32be(record.ttl);
      writer.u16be(static_cast<std::uint16_t>(record.data.size()));
      writer.octets(record.data);
    }
  }
  return out;
}

/// A DNS server on a loopback port, by UDP and TCP. It answers NXDOMAIN to names without a script, and counts
/// queries.
class ScriptedDns {
 public:
  using Key = std::pair<std::string, std::uint16_t>;  ///< name in lower case, type
  /// The octets of the answer; nothing: silence.
  using Script = std::function<std::optional<Buffer>(std::uint16_t id)>;

  explicit ScriptedDns(net::Loop& loop, const char* at = "127.0.0.1") : ScriptedDns(loop, bind(loop, at)) {}

  Endpoint at() const { return udp_.local(); }

  void say(const std::string& name, std::uint16_t type, DnsReply reply) {
    by_udp_[{name, type}] = whole(name, type, reply);
    by_tcp_[{name, type}] = whole(name, type, std::move(reply));
  }
  void say_by_udp(const std::string& name, std::uint16_t type, DnsReply reply) {
    by_udp_[{name, type}] = whole(name, type, std::move(reply));
  }
  void script(const std::string& name, std::uint16_t type, Script script) { by_udp_[{name, type}] = std::move(script); }
  void keep_silent(const std::string& name, std::uint16_t type) {
    script(name, type, [](std::uint16_t) { return std::nullopt; });
  }
  /// A and AAAA of a name that has only IPv4 addresses.
  void say_addresses(const std::string& name, const std::vector<const char*>& addresses, std::uint32_t ttl = 300) {
    DnsReply reply;
    for (const char* text : addresses)
      reply.answers.push_back(address(name, text, ttl));
    say(name, kA, reply);
    say(name, kAaaa, {});
  }

  std::map<Key, int> udp_asked;
  std::map<Key, int> tcp_asked;

 private:
  using Scripts = std::map<Key, Script>;

  struct Sockets {
    std::shared_ptr<net::TcpListener> tcp;
    std::shared_ptr<std::function<void(net::Descriptor)>> on_accept;
    net::DatagramSocket udp;
  };
  /// One port that is free for both; others take ports meanwhile, so it may need some tries.
  static Sockets bind(net::Loop& loop, const char* at) {
    const auto on_accept = std::make_shared<std::function<void(net::Descriptor)>>();
    for (int tries = 0; tries < 100; ++tries) {
      auto udp = net::DatagramSocket::open(loop, {*IpAddress::parse(at), 0}, {});
      if (!udp) FAIL(udp.error().text);
      auto tcp = net::TcpListener::open(
          loop, udp->local(), [on_accept](net::Descriptor socket, auto&&...) { (*on_accept)(std::move(socket)); });
      if (tcp) return {std::make_shared<net::TcpListener>(std::move(*tcp)), on_accept, std::move(*udp)};
    }
    FAIL("no port is free for UDP and TCP");
    std::abort();
  }
  ScriptedDns(net::Loop& loop, Sockets sockets) : udp_(std::move(sockets.udp)), tcp_(std::move(sockets.tcp)) {
    *sockets.on_accept = [this, &loop](net::Descriptor socket) { accept(loop, std::move(socket)); };
    udp_.receive([this](std::span<const net::Datagram> batch) {
      for (const net::Datagram& d : batch) {
        if (const auto answer = answered(d.octets, by_udp_, &udp_asked)) udp_.send(d.peer, d.local, *answer);
        udp_.flush();
      }
    });
  }

  static Script whole(const std::string& name, std::uint16_t type, DnsReply reply) {
    return [=, reply = std::move(reply)](std::uint16_t id) { return dns_message(id, name, type, reply); };
  }
  static std::optional<Buffer> answered(Bytes query, const Scripts& scripts, std::map<Key, int>* asked) {
    ByteReader in(query);
    const std::uint16_t id = in.u16be("id");
    in.skip(10, "flags and counts");
    Key key;
    while (const auto length = in.u8("label"))
      key.first += (key.first.empty() ? "" : ".") + std::string(as_text(in.take(length, "label")));
    key.second = in.u16be("type");
    REQUIRE(in.ok());
    ++(*asked)[key];
    const auto found = scripts.find(key);
    if (found != scripts.end()) return found->second(id);
    return dns_message(id, key.first, key.second, {.flags = kNxDomain});
  }
  void accept(net::Loop& loop, net::Descriptor socket) {
    net::TcpStream::Events events;
    events.on_octets = [this, index = streams_.size()](Bytes octets) {
      ByteReader in(octets);
      const auto answer = answered(in.take(in.u16be("length"), "message"), by_tcp_, &tcp_asked);
      if (!answer) return;
      Buffer framed;
      ByteWriter out(framed);
      out.u16be(static_cast<std::uint16_t>(answer->size()));
      out.octets(*answer);
      streams_[index].send(framed);
    };
    events.on_end = [](bool, std::string_view) {};
    streams_.push_back(net::TcpStream::adopt(loop, std::move(socket), std::move(events)));
  }

  Scripts by_udp_;
  Scripts by_tcp_;
  net::DatagramSocket udp_;
  std::shared_ptr<net::TcpListener> tcp_;
  std::vector<net::TcpStream> streams_;
};

}  // namespace dw::test
