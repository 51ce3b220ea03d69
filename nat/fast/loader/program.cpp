#include "nat/fast/loader/program.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <span>

#include "nat/fast/loader/netlink.hpp"

namespace dw::nat::fast {

/// The compiled program (fast.cmake).
std::span<const unsigned char> object_file();

namespace {

constexpr const char* kProgram = "dropwire_media";  // in fast.bpf.c
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

/// libbpf names a filter after its program: "dropwire_media:[77]".
bool is_ours(const Filter& filter) {
  return filter.priority == Program::kPriority && filter.handle == Program::kHandle &&
         filter.name.starts_with(kProgram);
}

/// Whoever made it: an administrator's own has filters, or it would be of no use.
void remove_clsact_if_unused(unsigned interface) {
  for (const auto direction : {Direction::ingress, Direction::egress}) {
    const auto filters = list_filters(interface, direction);
    if (!filters || !filters->empty()) return;
  }
  bpf_tc_hook hook = ingress_of(interface);
  hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
  (void)bpf_tc_hook_destroy(&hook);
}

std::unexpected<Error> no_filter(int error) {
  if (error == ENOENT || error == EOPNOTSUPP || error == ENOSYS)
    return fail(Errc::unsupported,
                "this kernel has no clsact, or no BPF filters (its modules sch_ingress and cls_bpf)");
  if (error == EPERM)
    return fail(Errc::forbidden, "CAP_NET_ADMIN is missing: start it by its unit, dropwire-fast.service");
  return fail_errno(error, "the interface does not take the filter");
}

/// A sentence for who can do something about it.
std::unexpected<Error> not_loaded(int error) {
  if (error == EPERM)
    return fail(Errc::forbidden,
                "CAP_BPF and CAP_NET_ADMIN are missing: start it by its unit, dropwire-fast.service (and see that no "
                "container or lockdown forbids BPF)");
  if (error == ENOSYS) return fail(Errc::unsupported, "this kernel has no BPF (CONFIG_BPF_SYSCALL)");
  utsname kernel{};
  (void)uname(&kernel);
  return fail_errno(error, fmt::format("the kernel ({}; 5.19 or later is needed) does not take the program for media",
                                       static_cast<const char*>(kernel.release)));
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
    return not_loaded(-refused);
  }
  return std::unique_ptr<Program>(new Program(object));
}

Program::~Program() {
  while (!attached_.empty())
    detach(attached_.begin()->first);
  bpf_object__close(object_);
}

int Program::descriptor() const {
  return bpf_program__fd(bpf_object__find_program_by_name(object_, kProgram));
}

Result<void> Program::attach(unsigned interface) {
  libbpf_set_print(&take_message);  // what is there already is no error
  bpf_tc_hook hook = ingress_of(interface);
  const int made = bpf_tc_hook_create(&hook);
  if (made != 0 && made != -EEXIST) return no_filter(-made);
  bpf_tc_opts options = place();
  options.prog_fd = descriptor();
  options.flags = BPF_TC_F_REPLACE;
  const int attached = bpf_tc_attach(&hook, &options);
  if (attached != 0) {
    if (made == 0) remove_clsact_if_unused(interface);
    return no_filter(-attached);
  }
  attached_[interface] = made == 0;
  return {};
}

void Program::detach(unsigned interface) {
  const auto found = attached_.find(interface);
  if (found == attached_.end()) return;
  const bool clsact_is_ours = found->second;
  attached_.erase(found);
  const bpf_tc_hook hook = ingress_of(interface);
  const bpf_tc_opts options = place();
  (void)bpf_tc_detach(&hook, &options);  // an interface that is gone took it along
  if (clsact_is_ours) remove_clsact_if_unused(interface);
}

bool Program::is_attached(unsigned interface) const {
  const bpf_tc_hook hook = ingress_of(interface);
  bpf_tc_opts options = place();
  bpf_prog_info about{};
  std::uint32_t size = sizeof about;
  return bpf_tc_query(&hook, &options) == 0 && bpf_obj_get_info_by_fd(descriptor(), &about, &size) == 0 &&
         options.prog_id == about.id;
}

std::vector<unsigned> Program::attached() const {
  std::vector<unsigned> out;
  for (const auto& [interface, clsact_is_ours] : attached_)
    out.push_back(interface);
  return out;
}

bool Program::remove_left(unsigned interface) {
  libbpf_set_print(&take_message);
  const auto filters = list_filters(interface, Direction::ingress);
  if (!filters || std::ranges::none_of(*filters, is_ours)) return false;
  const bpf_tc_hook hook = ingress_of(interface);
  const bpf_tc_opts options = place();
  (void)bpf_tc_detach(&hook, &options);
  remove_clsact_if_unused(interface);
  return true;
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
