#pragma once
#include "nat/core/portmap/mappings.hpp"

namespace dw::nat::portmap {

/// One protocol's part of Mapper: what the router is asked by it and when, and what its answers mean. Mapper says whose
/// turn it is: first to find out whether the router speaks it (probe), then to keep the mappings (ask), at the end to
/// take them back (remove).
class Client {
 public:
  explicit Client(Mappings& mappings) : mappings_(mappings) {}
  virtual ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  virtual Protocol protocol() const = 0;
  virtual void begin_probe(TimePoint) {}
  virtual void begin_asking(TimePoint) {}  ///< the router speaks it
  /// Each does what is due. False: the router was silent too long; of remove(): nothing is left.
  virtual bool probe(TimePoint now, Actions& actions) = 0;
  virtual bool ask(TimePoint now, Actions& actions) = 0;
  virtual bool remove(TimePoint now, Actions& actions) = 0;
  /// When probe() has something to do; TimePoint::max(): an answer comes first.
  virtual TimePoint probe_deadline() const = 0;
  virtual TimePoint deadline() const = 0;  ///< the same of ask() and remove()
  /// Something was announced on the LAN: the router is asked about its state at the next ask().
  virtual void look_soon(TimePoint now) = 0;

 protected:
  Mappings& mappings_;
};

/// What the protocol is doing when an answer comes.
enum class Stage : std::uint8_t { probing, asking, removing };
/// What an answer meant to Mapper.
enum class Heard : std::uint8_t {
  nothing,
  no,      ///< while it was looked for: the router does not speak it, or not for us
  answer,  ///< to a request for a port, or for the address
};

}  // namespace dw::nat::portmap
