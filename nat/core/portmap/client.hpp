#pragma once
#include "nat/core/portmap/mappings.hpp"

namespace dw::nat::portmap {

/// One protocol's part of Mapper: what it asks the router and when, and what the answers mean. Mapper decides which
/// client is active: first to find out whether the router speaks its protocol (probe), then to keep the mappings (ask),
/// at the end to remove them (remove).
class Client {
 public:
  explicit Client(Mappings& mappings) : mappings_(mappings) {}
  virtual ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  virtual Protocol protocol() const = 0;
  virtual void begin_probe(TimePoint) {}
  virtual void begin_asking(TimePoint) {}  ///< the router speaks it
  /// Each does what is due. False: the router did not answer for too long; for remove(): nothing is left.
  virtual bool probe(TimePoint now, Actions& actions) = 0;
  virtual bool ask(TimePoint now, Actions& actions) = 0;
  virtual bool remove(TimePoint now, Actions& actions) = 0;
  /// When probe() has something to do; TimePoint::max(): it waits for an answer.
  virtual TimePoint probe_deadline() const = 0;
  virtual TimePoint deadline() const = 0;  ///< the same for ask() and remove()
  /// Something was announced on the LAN: the next ask() checks the router's state.
  virtual void look_soon(TimePoint now) = 0;

 protected:
  Mappings& mappings_;
};

/// What the protocol is doing when an answer arrives.
enum class Stage : std::uint8_t { probing, asking, removing };
/// What an answer means to Mapper.
enum class Heard : std::uint8_t {
  nothing,
  no,      ///< while probing: the router does not speak it, or refuses us
  answer,  ///< an answer to a request for a port or for the address
};

}  // namespace dw::nat::portmap
