#pragma once
// A TFTP server without sockets for the tests: virtual time, files from a table, packets as text.
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tftp-proxy/core/tftp_sessions.hpp"

namespace dw::tftp::test {

using namespace std::chrono_literals;
using provisioning::Content;
using provisioning::ContentPtr;

inline Endpoint at(const char* text) {
  return *Endpoint::parse(text);
}

inline Buffer octets_of_size(std::size_t size) {
  Buffer octets(size);
  std::uint32_t state = 1350;
  for (auto& octet : octets) {
    state = state * 1664525 + 1013904223;
    octet = static_cast<std::uint8_t>(state >> 24);
  }
  return octets;
}

inline Buffer packet_of(const Packet& packet) {
  Buffer octets;
  ByteWriter out(octets);
  std::visit([&](const auto& p) { write(out, p); }, packet);
  return octets;
}

/// "blksize=1428 tsize=0" as the octets behind the mode.
inline std::string options_of(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += c == '=' || c == ' ' ? '\0' : c;
  return text.empty() ? out : out + '\0';
}

inline Buffer rrq(std::string_view file, std::string_view options = {}, std::string_view mode = "octet",
                  bool write = false) {
  const std::string pairs = options_of(options);
  return packet_of(Request{write, file, mode, as_bytes(pairs)});
}

struct Sent {
  Endpoint to;
  IpAddress from;
  SessionId session;
  bool fresh_tid = false;
  Buffer octets;
};

class Desk {
 public:
  explicit Desk(const SessionsOptions& options = {}) : sessions(options, known, &names) {}

  KnownSources known{7};
  provisioning::NameBudget names{known, {1e6, 1e6, 20, true}, 7};
  Sessions sessions;
  Outbox out;
  TimePoint now{24h};
  Endpoint ours = at("192.0.2.69:69");
  Endpoint phone = at("198.51.100.7:49152");
  std::map<std::string, ContentPtr> files;
  std::vector<Sent> sent;  ///< everything, ever
  std::vector<Outbox::Open> opens;
  std::vector<TransferReport> ended;
  std::vector<RefusedRequest> refused;

  void file(const std::string& name, std::size_t size) { files[name] = Content::of(octets_of_size(size), {}); }
  ContentPtr slow_file(const std::string& name) { return files[name] = std::make_shared<Content>(); }

  void gives(const Endpoint& peer, Bytes octets) {
    sessions.on_datagram(now, {peer, ours, 0, false, false, octets}, out);
    perform();
  }
  void gives(Bytes octets) { gives(phone, octets); }
  void gives_tid(SessionId id, const Endpoint& peer, Bytes octets) {
    sessions.on_tid_datagram(now, id, {peer, {ours.address, 50000}, 0, false, false, octets}, out);
    perform();
  }
  void ack(std::uint64_t block) { ack(phone, block); }
  void ack(const Endpoint& peer, std::uint64_t block) {
    gives(peer, packet_of(Ack{static_cast<std::uint16_t>(block)}));
  }
  void error(std::uint16_t code) { gives(packet_of(ErrorMessage{static_cast<ErrorCode>(code), "no"})); }

  /// Lets time pass, each deadline at its time.
  void wait(Duration d) {
    const TimePoint until = now + d;
    for (auto next = sessions.next_deadline(); next && *next <= until; next = sessions.next_deadline()) {
      now = std::max(now, *next);
      sessions.on_deadline(now, out);
      perform();
    }
    now = until;
  }
  /// The maker of a slow file has changed it.
  void changed() {
    for (std::size_t i = 0; i < opens.size(); ++i) {
      const auto found = files.find(opens[i].file);
      if (found == files.end()) continue;
      sessions.on_content(now, opens[i].session, found->second, out);
      perform();
    }
  }

  /// What was sent since the last call: "OACK blksize=1428", "DATA 1 (512)", "ERROR 1 \"File not found\"".
  std::vector<std::string> said() {
    std::vector<std::string> texts;
    for (; reported_ < sent.size(); ++reported_)
      texts.push_back(to_string(*parse_packet(sent[reported_].octets)));
    return texts;
  }
  const TransferReport& last() const { return ended.back(); }

  void perform() {
    for (const Outbox::Datagram& d : out.datagrams) {
      Buffer octets(d.head_octets().begin(), d.head_octets().end());
      octets.insert(octets.end(), d.body.begin(), d.body.end());
      sent.push_back({d.to, d.from, d.session, d.fresh_tid, std::move(octets)});
    }
    for (auto& report : out.ended)
      ended.push_back(std::move(report));
    for (auto& r : out.refused)
      refused.push_back(std::move(r));
    const auto opened = std::move(out.opens);
    out.clear();
    for (const auto& open : opened) {
      opens.push_back(open);
      const auto found = files.find(open.file);
      const ContentPtr content =
          found != files.end() ? found->second : Content::failure({Errc::not_found, "no such file"});
      sessions.on_content(now, open.session, content, out);
      perform();
    }
  }

 private:
  std::size_t reported_ = 0;
};

using Said = std::vector<std::string>;

}  // namespace dw::tftp::test
