#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nat/fast/maps.hpp"
#include "sbc/base/result.hpp"

struct bpf_object;

namespace dw::nat::fast {

/// The program in the kernel, loaded and attached by who has the rights for it (CAP_BPF, CAP_NET_ADMIN).
class Program {
 public:
  /// Where it stands among an interface's filters: nobody else's has the same two.
  static constexpr std::uint32_t kPriority = 7900, kHandle = 0xd70;

  /// Errc::system with the kernel's reason; `log`: what its verifier said.
  static Result<std::unique_ptr<Program>> load(std::string& log);
  /// Takes it off its interfaces.
  ~Program();
  Program(const Program&) = delete;

  /// On what comes in at this interface; what a run before left there goes away first.
  Result<void> attach(unsigned interface);
  /// Leaves the interface as it was found: its clsact too, where it was made here and nobody else uses it by now.
  void detach(unsigned interface);
  /// Whether it is still there: others can remove it.
  bool is_attached(unsigned interface) const;
  std::vector<unsigned> attached() const;  ///< where it was attached to
  /// The interface is gone, or somebody removed the program from it.
  void forget(unsigned interface) { attached_.erase(interface); }
  /// Removes what a run that was killed left at an interface, and its clsact if nobody else uses that. False: nothing.
  static bool remove_left(unsigned interface);
  /// Copies of their own, to be given away.
  Result<Maps> maps() const;
  int descriptor() const;

 private:
  explicit Program(bpf_object* object) : object_(object) {}
  bpf_object* const object_;
  std::map<unsigned, bool> attached_;  ///< by interface: whether its clsact is ours
};

}  // namespace dw::nat::fast
