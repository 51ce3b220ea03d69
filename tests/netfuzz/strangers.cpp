#include "tests/netfuzz/strangers.hpp"

#include <poll.h>

namespace dw::netfuzz {
namespace {

constexpr unsigned kLines = 12;  // connections to each port at the same time

}  // namespace

Strangers::Strangers(const Places& places, Central& central)
    : places_(places),
      central_(central),
      daemon_(*IpAddress::parse(places.daemon())),
      asker_({*IpAddress::parse(places.net + "0.10"), 0}) {}

void Strangers::throw_one(const Piece& piece) {
  switch (piece.way) {
    case Piece::Way::udp:
      return by_udp(piece);
    case Piece::Way::tcp:
      return by_tcp(piece);
    case Piece::Way::central:
      return central_.say_sip(piece.octets);
  }
}

void Strangers::by_udp(const Piece& piece) {
  auto& port = ports_[piece.source];
  if (!port) port = std::make_unique<lab::UdpPort>(Endpoint{*IpAddress::parse(places_.stranger(piece.source)), 5060});
  port->send({daemon_, piece.port}, as_bytes(piece.octets));
}

void Strangers::by_tcp(const Piece& piece) {
  auto& line = lines_[{piece.port, piece.source % kLines}];
  if (!line || piece.afresh || line->broken())
    line = std::make_unique<lab::TcpStream>(Endpoint{daemon_, piece.port},
                                            *IpAddress::parse(places_.stranger(piece.source)));
  line->write(as_bytes(piece.octets));
}

void Strangers::step() {
  Buffer octets;
  Endpoint from;
  for (auto& [n, port] : ports_)
    while (port->receive(octets, from))
      if (const auto m = sim::SipText::read(as_text(octets)); m && m->is_request() && m->method() == "BYE")
        port->send(from, as_bytes(sim::sip_answer(*m, 200, "").str()));
  for (auto& [key, line] : lines_) {
    if (line->broken()) continue;
    if (line->connecting()) {
      pollfd one{line->fd(), POLLOUT, 0};
      if (poll(&one, 1, 0) != 1 || !line->settle()) continue;
    }
    line->flush();
    (void)line->read();
  }
}

void Strangers::leave() {
  ports_.clear();
  lines_.clear();
}

void Strangers::ask() {
  const std::string request = std::string("\0\1\0\0\x21\x12\xa4\x42", 8) + "netfuzz-asks";  // Binding (RFC 8489 §5)
  asker_.send({daemon_, Places::kStun}, as_bytes(request));
}

bool Strangers::answered() {
  Buffer octets;
  Endpoint from;
  bool out = false;
  while (asker_.receive(octets, from))
    out = true;
  return out;
}

}  // namespace dw::netfuzz
