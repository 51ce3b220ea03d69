#include "nat/fast/loader/loader.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "nat/fast/loader/say.hpp"
#include "sbc/base/escape.hpp"

namespace dw::nat::fast {
namespace {

constexpr mode_t kSocketMode = 0660, kLogMode = 0640;
constexpr int kBacklog = 8;
/// However often interfaces change, they are looked at no more often than this.
constexpr auto kBetweenLooks = std::chrono::milliseconds(100);
/// Of what the verifier said, in the journal; its end says why.
constexpr std::size_t kMaxJournal = 4096;
constexpr std::size_t kMaps = 3;

const sockaddr* generic(const sockaddr_un& address) {
  return static_cast<const sockaddr*>(static_cast<const void*>(&address));
}

bool somebody_listens(const sockaddr_un& address) {
  const net::Descriptor probe(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return connect(probe.number(), generic(address), sizeof address) == 0 || errno != ECONNREFUSED;
}

/// One message, with descriptors when there are any. False: it did not leave.
bool send_message(int socket, const LoaderReport& report, const Maps* maps) {
  Buffer octets;
  ByteWriter writer(octets);
  write(writer, report);
  iovec part{octets.data(), octets.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaps * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (maps) {
    const std::array<int, kMaps> numbers{maps->ports.number(), maps->flows.number(), maps->beat.number()};
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof numbers);
    std::memcpy(CMSG_DATA(header), numbers.data(), sizeof numbers);
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(octets.size());
}

void turn_away(int socket, std::string why) {
  LoaderReport report;
  report.refused = std::move(why);
  (void)send_message(socket, report, nullptr);
}

std::string names_in(const LoaderReport& report) {
  std::string out;
  for (const InterfaceReport& one : report.interfaces)
    if (one.state == InterfaceReport::State::attached) out += (out.empty() ? "" : ", ") + escaped(one.name);
  return out;
}

}  // namespace

Result<std::vector<std::string>> remove_all_left() {
  const auto links = list_links();
  if (!links) return std::unexpected(links.error());
  std::vector<std::string> out;
  for (const Link& link : *links)
    if (Program::remove_left(link.index)) out.push_back(link.name);
  return out;
}

Result<std::unique_ptr<Loader>> Loader::open(Options options) {
  // Only this thread waits for them, in run().
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  if (sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) return fail_errno(errno, "can't wait for signals");
  auto news = LinkNews::open();
  if (!news) return std::unexpected(news.error());
  std::unique_ptr<Loader> out(new Loader(std::move(options), std::move(*news)));
  out->signals_ = net::Descriptor(signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!out->signals_) return fail_errno(errno, "can't wait for signals");
  if (auto listening = out->listen(); !listening) return std::unexpected(listening.error());
  const auto left = remove_all_left();
  if (!left) return std::unexpected(left.error());
  for (const std::string& name : *left)
    say(Urgency::notice, "removed what a run before had left at {}", escaped(name));
  return out;
}

Loader::~Loader() {
  if (listener_) unlink(socket_path().c_str());
}

Result<void> Loader::listen() {
  const std::string path = socket_path(), doing = "can't listen on " + path;
  sockaddr_un address{};
  if (path.size() >= sizeof address.sun_path) return fail(Errc::too_long, doing + ": the path is too long");
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (struct stat about{}; lstat(path.c_str(), &about) == 0 && S_ISSOCK(about.st_mode)) {
    if (somebody_listens(address)) return fail(Errc::system, doing + ": another process listens there");
    unlink(path.c_str());
  }
  net::Descriptor listener(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  // Linux gives the file the descriptor's mode (less the umask), so it is never accessible to more users than intended.
  const bool up = listener && fchmod(listener.number(), kSocketMode) == 0 &&
                  bind(listener.number(), generic(address), sizeof address) == 0 &&
                  chmod(path.c_str(), kSocketMode) == 0 && ::listen(listener.number(), kBacklog) == 0;
  if (!up) return fail_errno(errno, doing);
  listener_ = std::move(listener);
  return {};
}

void Loader::run() {
  options_.notify("READY=1");
  show_status();
  for (;;) {
    const auto deaf = std::chrono::ceil<std::chrono::milliseconds>(deaf_until_ - Clock::now()).count();
    const short client_events = static_cast<short>(client_ ? POLLIN | (report() == sent_ ? 0 : POLLOUT) : 0);
    std::array<pollfd, 4> waiting{{{signals_.number(), POLLIN, 0},
                                   {client_.number(), client_events, 0},
                                   {listener_.number(), POLLIN, 0},
                                   {deaf > 0 ? -1 : news_.descriptor(), POLLIN, 0}}};
    if (poll(waiting.data(), waiting.size(), deaf > 0 ? static_cast<int>(deaf) : -1) < 0 && errno != EINTR) break;
    if (waiting[0].revents != 0) break;
    // It has nothing to say: whatever comes from it is its end.
    if ((waiting[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0) leave();
    if ((waiting[1].revents & POLLOUT) != 0 && client_) send_changes();
    if (waiting[2].revents != 0) on_knock();
    if (waiting[3].revents != 0) {
      news_.drain();
      if (program_) look();
      deaf_until_ = Clock::now() + kBetweenLooks;
    }
  }
  options_.notify("STOPPING=1");
  leave();
}

void Loader::on_knock() {
  net::Descriptor client(accept4(listener_.number(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!client) return;
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(client.number(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
  if (peer.uid != 0 && peer.uid != options_.user) {
    say(Urgency::warning, "turned away process {} of user {}: it is not Dropwire's", peer.pid, peer.uid);
    return turn_away(client.number(), "the user may not have the maps of the program for media");
  }
  if (client_) {
    say(Urgency::warning, "turned away process {}: another one has the maps", peer.pid);
    return turn_away(client.number(), "another Dropwire has the program for media: one at a time can have it");
  }
  say(Urgency::info, "process {} is connected", peer.pid);
  serve(std::move(client));
}

void Loader::serve(net::Descriptor client) {
  client_ = std::move(client);
  load();
  if (program_) look();
  Result<Maps> maps = program_ ? program_->maps() : Maps{};
  if (!maps) {
    refused_ = maps.error().text;
    program_.reset();
    interfaces_.on_unloaded();
  }
  sent_ = report();
  if (!send_message(client_.number(), sent_, program_ ? &*maps : nullptr)) return leave();
  show_status();
}

void Loader::load() {
  std::string log;
  auto loaded = Program::load(log);
  if (loaded) {
    program_ = std::move(*loaded);
    refused_.clear();
    unlink((options_.directory + "/verifier.log").c_str());
    return;
  }
  refused_ = loaded.error().text;
  keep_log(log);
  say(Urgency::error, "{}. Media goes through sockets. What the kernel said is in {}/verifier.log and ends with:\n{}",
      refused_, options_.directory, std::string_view(log).substr(log.size() - std::min(log.size(), kMaxJournal)));
}

void Loader::leave() {
  if (!client_) return;
  client_.reset();
  program_.reset();
  interfaces_.on_unloaded();
  say(Urgency::info, "nobody is connected any more, and the program is out of the kernel");
  show_status();
}

void Loader::look() {
  const auto links = list_links();
  if (!links) return say(Urgency::error, "{}", links.error().text);
  interfaces_.on_listing(*links);
  check_attached();
  const auto work = interfaces_.work();
  for (const unsigned interface : work.detach) {
    program_->detach(interface);
    interfaces_.on_detached(interface);
  }
  for (const unsigned interface : work.attach) {
    if (const auto attached = program_->attach(interface); attached)
      interfaces_.on_attached(interface);
    else
      interfaces_.on_refused(interface, attached.error().text);
  }
  show_status();
}

void Loader::check_attached() {
  for (const unsigned interface : program_->attached()) {
    const bool known = interfaces_.is_attached(interface);
    if (known && program_->is_attached(interface)) continue;
    program_->forget(interface);
    if (known) interfaces_.on_removed(interface);
  }
}

/// For who asks why: the journal has only its end.
void Loader::keep_log(const std::string& log) const {
  const std::string path = options_.directory + "/verifier.log";
  unlink(path.c_str());
  const net::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kLogMode));
  if (!file || ::write(file.number(), log.data(), log.size()) != static_cast<ssize_t>(log.size()))
    say(Urgency::warning, "can't write {}: {}", path, std::strerror(errno));
}

LoaderReport Loader::report() const {
  LoaderReport out;
  out.loaded = program_ != nullptr;
  out.refused = refused_;
  if (out.loaded) interfaces_.report(out);
  return out;
}

void Loader::send_changes() {
  LoaderReport now = report();
  // If its socket is full the newest is sent later.
  if (now == sent_ || !send_message(client_.number(), now, nullptr)) return;
  sent_ = std::move(now);
}

void Loader::show_status() const {
  if (!client_) return options_.notify("STATUS=nobody is connected: nothing of it is in the kernel");
  if (!program_) return options_.notify("STATUS=not in the kernel: " + refused_);
  const std::string names = names_in(report());
  options_.notify(names.empty() ? "STATUS=in the kernel, attached to no interface"
                                : "STATUS=in the kernel, attached to " + names);
}

}  // namespace dw::nat::fast
