#pragma once
#include <map>
#include <string>
#include <vector>

#include "nat/fast/core/loader_report.hpp"
#include "nat/fast/core/rtnetlink.hpp"

namespace dw::nat::fast {

/// Decides to which interfaces the program should be attached, and tracks where it is. The owner lists the interfaces,
/// does the work that this asks for, and reports the outcome. Wanted is every Ethernet interface that is up, except
/// members of a bridge or bond, as those see the member's packets too. VLANs and other interfaces are left to the
/// sockets.
class Interfaces {
 public:
  /// How often the program is attached again after somebody removed it.
  static constexpr int kMaxPutBacks = 5;
  struct Work {
    std::vector<unsigned> attach, detach;
  };

  /// All interfaces that exist now. Those not listed are gone, with what was attached there.
  void on_listing(const std::vector<Link>& links);
  /// Somebody removed the program from the interface.
  void on_removed(unsigned interface);
  void on_attached(unsigned interface);
  /// Tried again when something about the interface changes.
  void on_refused(unsigned interface, std::string why);
  void on_detached(unsigned interface);
  /// The program is attached nowhere any more, and refused interfaces may be tried again.
  void on_unloaded();

  Work work() const;
  bool is_attached(unsigned interface) const;
  /// Writes the interfaces into a report.
  void report(LoaderReport& out) const;

 private:
  struct Entry {
    Link link;
    bool attached = false;
    int removed = 0;
    std::string refused;
  };
  static bool is_plain(const Link& link);

  std::map<unsigned, Entry> entries_;
  bool more_ = false;
};

}  // namespace dw::nat::fast
