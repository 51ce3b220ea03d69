#include "nat/fast/loader/program.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/core.h>

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <span>

namespace dw::nat::fast {

/// The compiled program (fast.cmake).
std::span<const unsigned char> object_file();

namespace {

constexpr std::size_t kMaxLog = 64 << 10;
/// libbpf's messages have no place of ours in their call: where they go, on this thread.
thread_local std::string* messages = nullptr;

int take_message(libbpf_print_level level, const char* format, va_list arguments) {
  if (!messages || level == LIBBPF_DEBUG) return 0;
  std::array<char, 16384> line{};
  const int length = std::vsnprintf(line.data(), line.size(), format, arguments);
  if (length > 0 && messages->size() < kMaxLog) *messages += line.data();
  return length;
}

bpf_tc_hook ingress_of(unsigned interface) {
  bpf_tc_hook hook{};
  hook.sz = sizeof hook;
  hook.ifindex = static_cast<int>(interface);
  hook.attach_point = BPF_TC_INGRESS;
  return hook;
}

bpf_tc_opts place() {
  bpf_tc_opts options{};
  options.sz = sizeof options;
  options.priority = Program::kPriority;
  options.handle = Program::kHandle;
  return options;
}

}  // namespace

Result<std::unique_ptr<Program>> Program::load(std::string& log) {
  const auto file = object_file();
  messages = &log;
  libbpf_set_print(&take_message);
  bpf_object_open_opts options{};
  options.sz = sizeof options;
  options.object_name = "dropwire";
  bpf_object* const object = bpf_object__open_mem(file.data(), file.size(), &options);
  const int refused = object ? bpf_object__load(object) : -errno;
  messages = nullptr;
  if (refused != 0) {
    if (object) bpf_object__close(object);
    return fail_errno(-refused, "the kernel does not take the program for media");
  }
  return std::unique_ptr<Program>(new Program(object));
}

Program::~Program() {
  while (!attached_.empty())
    detach(attached_.begin()->first);
  bpf_object__close(object_);
}

int Program::descriptor() const {
  return bpf_program__fd(bpf_object__find_program_by_name(object_, "dropwire_media"));
}

Result<void> Program::attach(unsigned interface) {
  libbpf_set_print(&take_message);  // what is there already is no error
  bpf_tc_hook hook = ingress_of(interface);
  const int made = bpf_tc_hook_create(&hook);
  if (made != 0 && made != -EEXIST) return fail_errno(-made, fmt::format("interface {} takes no filter", interface));
  bpf_tc_opts options = place();
  options.prog_fd = descriptor();
  options.flags = BPF_TC_F_REPLACE;
  const int attached = bpf_tc_attach(&hook, &options);
  if (attached != 0) return fail_errno(-attached, fmt::format("interface {} does not take the filter", interface));
  attached_[interface] = made == 0;
  return {};
}

void Program::detach(unsigned interface) {
  const auto found = attached_.find(interface);
  if (found == attached_.end()) return;
  bpf_tc_hook hook = ingress_of(interface);
  const bpf_tc_opts options = place();
  (void)bpf_tc_detach(&hook, &options);  // an interface that is gone took it along
  if (found->second) {
    hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
    (void)bpf_tc_hook_destroy(&hook);
  }
  attached_.erase(found);
}

Result<Maps> Program::maps() const {
  const auto copy = [this](const char* name) {
    return net::Descriptor(fcntl(bpf_object__find_map_fd_by_name(object_, name), F_DUPFD_CLOEXEC, 0));
  };
  Maps out{copy("ports"), copy("flows"), copy("beat")};
  if (!out.ports || !out.flows || !out.beat) return fail_errno(errno, "can't hand on the kernel's maps for media");
  return out;
}

}  // namespace dw::nat::fast
