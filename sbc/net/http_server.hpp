#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "sbc/base/endpoint.hpp"
#include "sbc/base/result.hpp"
#include "sbc/base/time.hpp"
#include "sbc/net/http_places.hpp"
#include "sbc/net/loop.hpp"

namespace dw::net {

/// A body that is not complete yet. `size` becomes the Content-Length, unless it is kUnknownSize: then the body is sent
/// in chunks (to an HTTP/1.0 client until the connection closes) until it is aborted or its reader returns kEnd.
struct HttpBody {
  static constexpr std::uint64_t kUnknownSize = UINT64_MAX;
  static constexpr long kEnd = -2;  ///< no more octets; only for a body of unknown size
  static constexpr long kWait = 0;  ///< nothing yet; the server asks again after HttpExchange::wake()
  /// It can't be completed: the connection is cut, so that no client takes it for complete.
  static constexpr long kAbort = -1;
  std::uint64_t size = 0;
  /// Fills `into` with octets from `offset` on; returns their number, or kWait, kAbort or kEnd.
  std::function<long(std::uint64_t offset, MutableBytes into)> read = {};
};

struct HttpReply {
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< without Content-Length, Date, Connection
  std::string text = {};                                          ///< the body, unless `stream` is set
  std::optional<HttpBody> stream = {};
};

/// One request and its answer. The handler gets it when the request is complete (with its body, up to max_body) and
/// answers at once or later; the server keeps it alive until the end. The stream's reader and the on_end callback are
/// released at the end, so they may own the exchange itself.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  virtual std::string_view method() const = 0;
  /// The path as sent, still percent-encoded, without the query; for the absolute form ("http://host/path") only the
  /// path.
  virtual std::string_view target() const = 0;
  virtual std::string_view query() const = 0;                     ///< as sent, without "?", or empty
  virtual std::string header(const std::string& name) const = 0;  ///< empty when absent, or after the end
  /// All header fields as they arrived; none after the end.
  virtual std::vector<std::pair<std::string, std::string>> headers() const = 0;
  virtual std::string_view body() const = 0;
  virtual Endpoint peer() const = 0;  ///< no address if it came over a Unix socket
  virtual Endpoint local() const = 0;
  virtual bool over_unix() const = 0;
  /// The client has logged in: the connection is no longer evicted.
  virtual void settle_connection() {}

  virtual void reply(HttpReply reply) = 0;  ///< once; later ones are ignored
  virtual void wake() = 0;                  ///< the stream's reader has more, or must be asked again
  /// Called once when the exchange is over: whether the whole answer was passed to the connection, and how many octets
  /// of its body (for a cut answer, at most one block less than were sent). Not called when the server is destroyed.
  virtual void on_end(std::function<void(bool whole, std::uint64_t octets)> callback) = 0;
};

/// An HTTP/1.1 server (libmicrohttpd) on the loop: its epoll descriptor is polled, it has no thread of its own
/// (DECISIONS.md has the measurement). Must not be destroyed by its own handler. Answers have a Content-Length, except
/// endless ones, and are never compressed. The cost of a connection is bounded: a request must be complete within
/// idle_timeout of the connection's start or of the previous answer; the client must take an answer at
/// min_octets_per_second or faster; and while the answer waits for us, it must acknowledge what was sent within
/// idle_timeout. Otherwise the connection is reset.
class HttpServer {
 public:
  static constexpr std::size_t kBlock = 64 * 1024;  ///< octets that a streamed body's reader is asked for at a time

  struct Options {
    std::optional<Endpoint> listen = {};  ///< this, or
    std::string unix_path = {};           ///< this (mode 0660; the socket of a dead process is replaced)
    unsigned max_connections = 512;       ///< further ones wait; not used with `places`
    HttpPlaces* places = nullptr;         ///< decides which TCP connections are accepted; outlives the server
    Duration idle_timeout = std::chrono::seconds(30);
    double min_octets_per_second = 256;  ///< at which the client must acknowledge an answer, over each idle_timeout
    /// Octets of a request's body; a longer one is refused (413, or the connection is cut).
    std::size_t max_body = 64 * 1024;
    /// Whether a client may connect at all; otherwise the connection is closed at once. Empty: everybody may.
    std::function<bool(const IpAddress&)> admits = {};
  };
  struct Stats {
    std::uint64_t requests = 0;        ///< complete ones
    std::uint64_t cut_idle = 0;        ///< connections reset because no request came
    std::uint64_t cut_slow = 0;        ///< … because the client took the answer too slowly
    std::uint64_t cut_for_others = 0;  ///< … to make room for others
    std::uint64_t octets_sent = 0;     ///< of bodies
    unsigned connections = 0;          ///< now
  };
  using Handler = std::function<void(std::shared_ptr<HttpExchange>)>;

  /// Errc::system with a sentence for the operator ("can't listen on TCP 0.0.0.0:6970: Address already in use").
  static Result<std::unique_ptr<HttpServer>> start(Loop& loop, const Options& options, Handler handler);
  virtual ~HttpServer() = default;
  virtual Endpoint local() const = 0;  ///< as bound, with the port that the kernel chose; no address for a Unix socket
  virtual Stats stats() const = 0;
  virtual void stop_accepting() = 0;  ///< running exchanges go on
  /// Creates a server with other limits on this server's socket. This one accepts no more connections; its existing
  /// ones go on, so keep it until stats() counts none. `listen` and `unix_path` of the options are ignored. After an
  /// error this server continues as before.
  virtual Result<std::unique_ptr<HttpServer>> renew(const Options& options) = 0;
};

}  // namespace dw::net
