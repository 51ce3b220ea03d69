#pragma once
#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "nat/fast/kernel_maps.hpp"
#include "nat/fast/loader/program.hpp"

namespace dw::nat::fast::test {

/// Runs `what` on a thread of its own with only these capabilities.
inline void with_capabilities(std::initializer_list<int> kept, const std::function<void()>& what) {
  std::thread([&] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    for (const int capability : kept)
      data[capability / 32].effective = data[capability / 32].permitted |= 1U << (capability % 32);
    if (syscall(SYS_capset, &header, data) == 0) what();
  }).join();
}

/// Whether this kernel lets us load any tc program at all: one that does nothing.
inline bool loads_programs() {
  const bpf_insn nothing[] = {{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
  bool loaded = false;
  with_capabilities({CAP_BPF, CAP_NET_ADMIN}, [&] {
    bpf_attr attributes{};
    attributes.prog_type = BPF_PROG_TYPE_SCHED_CLS;
    attributes.insns = std::bit_cast<std::uintptr_t>(&nothing[0]);
    attributes.insn_cnt = 2;
    attributes.license = std::bit_cast<std::uintptr_t>(+"GPL");
    const long descriptor = syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
    loaded = descriptor >= 0;
    if (loaded) close(static_cast<int>(descriptor));
  });
  return loaded;
}

/// The program as its loader has it: CAP_BPF, CAP_NET_ADMIN and no more, which the verifier knows of too.
struct Kernel {
  std::unique_ptr<Program> program;
  std::unique_ptr<KernelMaps> maps;
  std::string refused, log;

  Kernel() {
    refused = "this thread can't have CAP_BPF and CAP_NET_ADMIN";
    with_capabilities({CAP_BPF, CAP_NET_ADMIN}, [this] {
      auto loaded = Program::load(log);
      refused = loaded ? "" : loaded.error().text;
      if (loaded) program = std::move(*loaded);
    });
    if (!program) return;
    // And the maps as the daemon has them: without any capability.
    with_capabilities({}, [this] {
      auto given = program->maps();
      auto opened = given ? KernelMaps::open(*given) : std::unexpected(given.error());
      refused = opened ? "" : opened.error().text;
      if (opened) maps = std::move(*opened);
    });
  }
};

/// Loaded once. Null where the kernel or the rights are missing, and then it says so; where another program loads, ours
/// must.
inline Kernel* kernel() {
  static Kernel one;
  if (one.maps) return &one;
  const std::string why =
      one.refused + "\n" + one.log.substr(one.log.size() - std::min<std::size_t>(one.log.size(), 1000));
  static const bool other_loads = loads_programs();
  REQUIRE_MESSAGE(!other_loads, why);
  std::printf("SKIPPED, NOT TESTED: %s\n", why.c_str());
  return nullptr;
}

/// A network namespace that lives as long as this object.
class Host {
 public:
  Host() {
    std::thread([this] {
      if (unshare(CLONE_NEWNET) == 0) space_ = net::Descriptor(open("/proc/thread-self/ns/net", O_RDONLY));
    }).join();
    if (space_) run([] { REQUIRE(std::system("ip link set lo up") == 0); });
  }
  explicit operator bool() const { return static_cast<bool>(space_); }
  std::string path() const { return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(space_.number()); }
  /// On a thread that stands there. No doctest assertion but REQUIREs of the simplest kind.
  void run(const std::function<void()>& what) const {
    std::thread([&] {
      REQUIRE(setns(space_.number(), CLONE_NEWNET) == 0);
      what();
    }).join();
  }
  void sh(const std::string& command) const {
    run([&] { REQUIRE_MESSAGE(std::system(command.c_str()) == 0, command); });
  }

 private:
  net::Descriptor space_;
};

}  // namespace dw::nat::fast::test
