#pragma once
#include <map>
#include <memory>
#include <string>

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
  void detach(unsigned interface);
  /// Copies of their own, to be given away.
  Result<Maps> maps() const;
  int descriptor() const;

 private:
  explicit Program(bpf_object* object) : object_(object) {}
  bpf_object* const object_;
  std::map<unsigned, bool> attached_;  ///< by interface: whether its clsact is ours
};

}  // namespace dw::nat::fast
