#pragma once
#include <map>
#include <string>
#include <vector>

#include "nat/fast/core/loader_report.hpp"
#include "nat/fast/core/rtnetlink.hpp"

namespace dw::nat::fast {

/// Which interfaces the program is to be attached to, and which it is attached to. Its owner lists what there is, does
/// the work that this asks for, and reports the outcome.
///
/// Whatever is Ethernet and up is wanted, but no member of a bridge or bond, as that one sees the member's packets too.
/// VLANs and what is not Ethernet are left to the sockets.
class Interfaces {
 public:
  /// How often it goes back to an interface where somebody removed it.
  static constexpr int kMaxPutBacks = 5;
  struct Work {
    std::vector<unsigned> attach, detach;
  };

  /// All that there are now. What is not among them is gone, with what was attached there.
  void on_listing(const std::vector<Link>& links);
  /// Somebody removed it there.
  void on_removed(unsigned interface);
  void on_attached(unsigned interface);
  /// Tried again when something about the interface has changed.
  void on_refused(unsigned interface, std::string why);
  void on_detached(unsigned interface);
  /// None is attached any more, and what was refused may be tried again.
  void on_unloaded();

  Work work() const;
  bool is_attached(unsigned interface) const;
  /// Into a report: the interfaces.
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
