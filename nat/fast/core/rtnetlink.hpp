#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "sbc/base/bytes.hpp"

namespace dw::nat::fast {

/// One network interface as the kernel lists it.
struct Link {
  unsigned index = 0;
  std::string name;
  bool up = false, ethernet = false, loopback = false;
  bool member = false;  ///< of a bridge, bond or the like, which sees its packets too
  bool vlan = false;
  bool operator==(const Link&) const = default;
};

/// One traffic control filter of an interface.
struct Filter {
  unsigned priority = 0;
  unsigned handle = 0;  ///< 0: the head of the filters with this priority
  std::string name;     ///< a BPF filter's own
  bool operator==(const Filter&) const = default;
};

/// How far the kernel's answer to a dump has come (rtnetlink(7), libnetlink's NLM_F_DUMP).
struct Dump {
  bool done = false;
  bool changed = false;  ///< while it was listed: ask again
  int error = 0;         ///< errno; or EBADMSG for an answer that makes no sense
};

/// Which filters are listed: those for packets that come in, or that go out.
enum class Direction { ingress, egress };

Buffer ask_for_links();
Buffer ask_for_filters(unsigned interface, Direction direction);
/// Appends the entries of one datagram of the answer.
void read_links(Bytes datagram, std::vector<Link>& out, Dump& dump);
void read_filters(Bytes datagram, std::vector<Filter>& out, Dump& dump);

}  // namespace dw::nat::fast
