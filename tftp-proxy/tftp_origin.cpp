#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "sbc/net/datagram_socket.hpp"
#include "sbc/net/resolver.hpp"
#include "sbc/net/timer.hpp"
#include "tftp-proxy/core/tftp_download.hpp"
#include "tftp-proxy/origin.hpp"

namespace dw::provisioning {
namespace {

constexpr Duration kAddressesGood = std::chrono::seconds(60);  // a name is looked up again after this
constexpr Duration kPlainFor = std::chrono::minutes(10);
constexpr int kSocketBuffer = 256 * 1024;  // octets; ten windows

class TftpFetch;

/// What the fetches of one origin share. The server's addresses: the first is asked; when it is silent the
/// next fetch begins with the one after it. And the fetches that are reported as ended and still acknowledge a
/// repeated last block: nobody else holds those.
struct Shared {
  std::vector<IpAddress> addresses;
  TimePoint good_until{};
  bool single_port = false;  // it answers from the port that was asked, which any router lets in
  TimePoint plain_until{};   // it refused options: until then it is asked without, which saves a round trip a file
  std::set<std::shared_ptr<TftpFetch>> dallying;
};

/// One file over TFTP: a socket of its own, so that its port is our TID, around a tftp::Download.
class TftpFetch : public std::enable_shared_from_this<TftpFetch> {
 public:
  TftpFetch(net::Loop& loop, const OriginUrl& url, const Origin::Options& options, std::shared_ptr<Shared> shared,
            const OriginRequest& request, OriginCallbacks callbacks)
      : loop_(loop),
        url_(url),
        label_(url.label()),
        options_(options),
        shared_(std::move(shared)),
        name_(request.name),
        callbacks_(std::move(callbacks)),
        timer_(loop, [this] { on_time(); }) {}

  void start() {
    begun_ = loop_.now();
    if (!shared_->addresses.empty() && begun_ < shared_->good_until) {
      timer_.arm_at({});  // no callback from within fetch()
      return;
    }
    // The first answer, look-up included, has the time of a connect.
    timer_.arm_after(options_.connect_timeout);
    lookup_.emplace(loop_, url_.host, [weak = weak_from_this()](Result<std::vector<IpAddress>> answer) {
      if (const auto self = weak.lock(); self && !self->over_) self->on_addresses(std::move(answer));
    });
  }

  void cancel() {
    if (download_ && !over_) send(download_->cancel());
    close();
  }

 private:
  void on_addresses(Result<std::vector<IpAddress>> answer) {
    if (!answer) {
      end(fail(Errc::unavailable, label_ + ": " + answer.error().text), false);
      return;
    }
    shared_->addresses = std::move(*answer);
    shared_->good_until = loop_.now() + kAddressesGood;
    download();
  }

  /// From a port that the router lets the server's fresh one in at, where there are such. When all are taken it waits
  /// for one, for stall_timeout at most, and then goes from any.
  bool may_begin() {
    const IpAddress server = shared_->addresses.front();
    const auto& ports = options_.tftp_ports;
    if (!ports || !ports->any() || shared_->single_port || !server.is_v4() || server.is_private() ||
        server.is_loopback())
      return true;
    lease_ = ports->take();
    const TimePoint now = loop_.now();
    if (!wait_until_) wait_until_ = now + options_.stall_timeout;
    if (lease_ || now >= *wait_until_) return true;
    timer_.arm_at(*wait_until_);
    ports->when_free(weak_from_this(), [this] {
      if (!closed_ && !download_) download();
    });
    return false;
  }

  void download() {
    if (!may_begin()) return;
    if (wait_until_) begun_ = loop_.now();
    const IpAddress server = shared_->addresses.front();
    static constexpr std::array<std::uint8_t, 16> kAnyV6{};
    const IpAddress any = server.is_v4() ? IpAddress::v4(0) : IpAddress::v6(kAnyV6);
    net::DatagramSocket::Options o;
    o.receive_buffer = o.send_buffer = kSocketBuffer;
    auto socket = net::DatagramSocket::open(loop_, {any, lease_ ? lease_->port() : std::uint16_t{0}}, o);
    if (!socket && lease_) {  // another program has it
      lease_.reset();
      socket = net::DatagramSocket::open(loop_, {any, 0}, o);
    }
    if (!socket) {
      end(fail(Errc::unavailable, label_ + ": " + socket.error().text), false);
      return;
    }
    socket_ = std::make_shared<net::DatagramSocket>(std::move(*socket));
    socket_->receive([weak = weak_from_this()](std::span<const net::Datagram> datagrams) {
      const auto self = weak.lock();
      if (!self) return;
      self->in_callback_ = true;
      for (const net::Datagram& d : datagrams) {
        if (self->closed_) break;
        if (!d.truncated) self->perform(self->download_->on_datagram(self->loop_.now(), d.peer, d.octets));
      }
      self->in_callback_ = false;
    });
    tftp::Download::Options d;
    d.name = url_.remote_name(name_);
    d.server = {server, url_.port};
    d.also_from = shared_->addresses;
    d.blksize = options_.tftp_blksize;
    d.windowsize = options_.tftp_windowsize;
    d.max_octets = options_.max_file;
    d.with_options = loop_.now() >= shared_->plain_until;
    const Duration spent = loop_.now() - begun_;
    d.first_answer_within = std::max<Duration>(options_.connect_timeout - spent, std::chrono::milliseconds(500));
    d.progress_within = options_.stall_timeout;
    download_.emplace(std::move(d));
    perform(download_->start(loop_.now()));
  }

  void on_time() {
    const auto self = shared_from_this();
    if (closed_) return;
    if (download_) {
      perform(download_->on_deadline(loop_.now()));
    } else if (lookup_ && !wait_until_) {
      end(fail(Errc::unavailable, label_ + ": the name was not resolved in time"), false);
    } else {
      download();
    }
  }

  void send(const tftp::Download::Actions& actions) {
    for (const auto& s : actions.sends)
      socket_->send(s.to, {}, s.octets);
    if (!actions.sends.empty()) socket_->flush();
  }

  void perform(const tftp::Download::Actions& actions) {
    const auto self = shared_from_this();
    send(actions);
    if (!over_ && actions.begin) {
      ContentMeta meta;
      meta.size = download_->size();
      meta.origin = label_;
      callbacks_.on_found(std::move(meta), name_);
    }
    if (!over_ && !actions.data.empty()) callbacks_.on_octets(actions.data);
    if (!over_ && actions.end) {
      if (*actions.end) {
        shared_->single_port = download_->tid().port == url_.port;
        if (download_->refused_options()) shared_->plain_until = loop_.now() + kPlainFor;
        end(OriginEnd::Success::complete, true);
      } else {
        if (!download_->answered()) rotate();
        end(fail(actions.end->error().code, label_ + ": " + actions.end->error().text + why_silent()),
            download_->answered());
      }
    }
    if (closed_) return;
    if (const auto when = download_->next_deadline()) {
      timer_.arm_at(*when);
    } else {
      close();
    }
  }

  /// What a person can do where a router is in the way of a server that answers from a fresh port.
  std::string why_silent() const {
    const Endpoint server{shared_->addresses.front(), url_.port};
    if (download_->answered() || lease_ || !server.address.is_v4() || server.address.is_private()) return {};
    const auto ours = net::source_toward(server);
    if (!ours || !ours->is_private()) return {};
    return "; a TFTP server answers from a fresh port, and the router here lets that in only where it maps ports for us (PCP, NAT-PMP, UPnP): "
           "HTTP on port 6970 of the server, a hosted Dropwire beside it, or a port forward of UDP to this box helps";
  }

  void rotate() {
    auto& list = shared_->addresses;
    if (list.size() > 1) std::rotate(list.begin(), list.begin() + 1, list.end());
  }

  void end(Result<OriginEnd::Success> result, bool reached) {
    if (over_) return;
    over_ = true;
    if (download_ && !download_->over()) shared_->dallying.insert(shared_from_this());
    callbacks_.on_end({std::move(result), reached});
  }

  /// From within the socket's callback the socket goes a turn later.
  void close() {
    const auto self = shared_from_this();
    over_ = closed_ = true;
    timer_.cancel();
    lookup_.reset();
    shared_->dallying.erase(self);
    if (!in_callback_) {
      socket_.reset();
      lease_.reset();
    } else if (socket_) {
      loop_.post([socket = std::exchange(socket_, nullptr),
                  lease = std::shared_ptr<TftpPorts::Lease>(std::move(lease_))]() mutable {
        socket.reset();
        lease.reset();
      });
    }
  }

 public:
  /// The handle is gone. A finished one may still dally; anything else ends.
  void released() {
    if (shared_->dallying.contains(shared_from_this())) return;
    cancel();
  }
  void drop() { close(); }

 private:
  net::Loop& loop_;
  OriginUrl url_;
  std::string label_;
  Origin::Options options_;
  std::shared_ptr<Shared> shared_;
  std::string name_;
  OriginCallbacks callbacks_;
  net::Timer timer_;
  std::optional<net::Lookup> lookup_;
  std::shared_ptr<net::DatagramSocket> socket_;
  std::unique_ptr<TftpPorts::Lease> lease_;
  std::optional<TimePoint> wait_until_;  // for a port
  std::optional<tftp::Download> download_;
  TimePoint begun_{};
  bool over_ = false;    // on_end was called, or nobody wants it
  bool closed_ = false;  // and no socket any more
  bool in_callback_ = false;
};

class TftpFetchHandle : public OriginFetch {
 public:
  explicit TftpFetchHandle(std::shared_ptr<TftpFetch> fetch) : fetch_(std::move(fetch)) {}
  ~TftpFetchHandle() override { fetch_->released(); }

 private:
  std::shared_ptr<TftpFetch> fetch_;
};

class TftpOrigin : public Origin {
 public:
  TftpOrigin(net::Loop& loop, const OriginUrl& url, const Options& options)
      : loop_(loop), url_(url), options_(options), shared_(std::make_shared<Shared>()) {}
  ~TftpOrigin() override {
    for (const auto& fetch : std::exchange(shared_->dallying, {}))
      fetch->drop();
  }

  std::unique_ptr<OriginFetch> fetch(const OriginRequest& request, OriginCallbacks callbacks) override {
    auto fetch = std::make_shared<TftpFetch>(loop_, url_, options_, shared_, request, std::move(callbacks));
    fetch->start();
    return std::make_unique<TftpFetchHandle>(std::move(fetch));
  }

 private:
  net::Loop& loop_;
  OriginUrl url_;
  Options options_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace

std::unique_ptr<Origin> make_tftp_origin(net::Loop& loop, const OriginUrl& url, const Origin::Options& options) {
  return std::make_unique<TftpOrigin>(loop, url, options);
}

}  // namespace dw::provisioning
