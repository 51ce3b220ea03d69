#include "nat/fast/loader_link.hpp"

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace dw::nat::fast {
namespace {

constexpr std::size_t kMaps = 3;
/// Messages read in one turn of the loop: the loader sends no more often than interfaces change.
constexpr int kMaxMessages = 8;
constexpr const char* kNotThere =
    "the loader does not run: systemctl start dropwire-fast (systemctl status dropwire-fast says more)";
constexpr const char* kNonsense = "the loader is of another version: systemctl restart dropwire-fast dropwire";
constexpr const char* kNoRoom = "the maps' descriptors did not arrive: too many files are open (LimitNOFILE)";

std::string not_connected(int error) {
  if (error == ENOENT || error == ECONNREFUSED) return kNotThere;
  if (error == EACCES || error == EPERM)
    return "the loader's socket is not for this user: Dropwire runs as the user and group dropwire";
  if (error == EAGAIN) return "the loader is busy: tried again soon";
  return fmt::format("can't connect to the loader: {}", std::strerror(error));
}

struct Message {
  ssize_t length = 0;
  bool cut = false;   ///< the message
  bool lost = false;  ///< some of the descriptors
  std::vector<net::Descriptor> descriptors;
};

Message receive(int socket, Buffer& octets) {
  iovec part{octets.data(), octets.size()};
  // Space for one descriptor more, so that too many are noticed.
  alignas(cmsghdr) std::array<char, CMSG_SPACE((kMaps + 1) * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  Message out;
  out.length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (out.length < 0) return out;
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    Bytes numbers{CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0)};
    for (int number = -1; numbers.size() >= sizeof number; numbers = numbers.subspan(sizeof number)) {
      std::memcpy(&number, numbers.data(), sizeof number);
      out.descriptors.emplace_back(number);
    }
  }
  out.cut = (message.msg_flags & MSG_TRUNC) != 0;
  out.lost = (message.msg_flags & MSG_CTRUNC) != 0;
  return out;
}

}  // namespace

LoaderLink::LoaderLink(net::Loop& loop, std::string socket, Callbacks callbacks)
    : loop_(loop), path_(std::move(socket)), callbacks_(std::move(callbacks)), again_(loop, [this] { connect(); }) {
  state_.why = "connecting to the loader";
  again_.arm_after({});
}

void LoaderLink::connect() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) return end("the path of the loader's socket is too long");
  std::memcpy(address.sun_path, path_.data(), path_.size());
  socket_ = net::Descriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // A Unix socket connects at once or not at all.
  if (!socket_ || ::connect(socket_.number(), static_cast<const sockaddr*>(static_cast<const void*>(&address)),
                            sizeof address) != 0)
    return end(not_connected(errno));
  poll_ = std::make_unique<net::Poll>(loop_, socket_.number(), [this](net::Poll::Events) { on_readable(); });
  poll_->watch({.readable = true});
}

void LoaderLink::on_readable() {
  Buffer octets(LoaderReport::kMaxOctets);
  for (int i = 0; i < kMaxMessages && socket_; ++i) {
    Message message = receive(socket_.number(), octets);
    if (message.length < 0 && (errno == EAGAIN || errno == EINTR)) return;
    // If it gave a reason, that came before the end.
    if (message.length <= 0) return end(state_.loaded || state_.why.empty() ? kNotThere : state_.why);
    if (message.lost && message.descriptors.size() < kMaps) return end(kNoRoom);
    auto report = parse_loader_report(Bytes(octets).first(static_cast<std::size_t>(message.length)));
    if (!report || message.cut || message.lost ||
        (!message.descriptors.empty() && message.descriptors.size() != kMaps) ||
        // The maps come with the first message that says that there are any, and never again.
        message.descriptors.empty() == (report->loaded && !state_.loaded))
      return end(kNonsense);
    Maps maps;
    if (!message.descriptors.empty())
      maps = {std::move(message.descriptors[0]), std::move(message.descriptors[1]), std::move(message.descriptors[2])};
    take(std::move(*report), std::move(maps));
  }
}

void LoaderLink::take(LoaderReport report, Maps maps) {
  const bool was_loaded = state_.loaded;
  if (report.loaded) wait_ = kFirstWait;
  if (was_loaded && !report.loaded) return end(kNonsense);
  State next{report.loaded, std::move(report.refused), report.more_interfaces, std::move(report.interfaces)};
  if (maps.ports) {
    state_ = std::move(next);
    callbacks_.on_maps(std::move(maps));
    return callbacks_.on_change();
  }
  set(std::move(next));
}

void LoaderLink::end(std::string why) {
  poll_.reset();
  socket_.reset();
  again_.arm_after(wait_);
  wait_ = std::min<Duration>(wait_ * 2, kLongestWait);
  const bool was_loaded = state_.loaded;
  State next;
  next.why = std::move(why);
  if (was_loaded) {
    state_ = next;
    callbacks_.on_lost();
    return callbacks_.on_change();
  }
  set(std::move(next));
}

void LoaderLink::set(State state) {
  if (state == state_) return;
  state_ = std::move(state);
  callbacks_.on_change();
}

}  // namespace dw::nat::fast
