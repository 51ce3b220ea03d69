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

/// A body that is not all there yet. `size` is told to the client as Content-Length, unless it is kUnknownSize: then
/// the body goes on in chunks (to an HTTP/1.0 client until the connection closes) until it is aborted or its reader
/// says kEnd.
struct HttpBody {
  static constexpr std::uint64_t kUnknownSize = UINT64_MAX;
  static constexpr long kEnd = -2;    ///< nothing more comes; of a body of unknown size alone
  static constexpr long kWait = 0;    ///< nothing now; the server asks again after HttpExchange::wake()
  static constexpr long kAbort = -1;  ///< it can't be completed: the connection is cut, so no client takes it for whole
  std::uint64_t size = 0;
  /// Fills `into` with octets from `offset`; gives how many, or kWait, kAbort or kEnd.
  std::function<long(std::uint64_t offset, MutableBytes into)> read = {};
};

struct HttpReply {
  unsigned status = 200;
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< without Content-Length, Date, Connection
  std::string text = {};                                          ///< the body, unless `stream` is set
  std::optional<HttpBody> stream = {};
};

/// One request and its answer. The handler gets it when the request is whole (body included, up to max_body),
/// answers at once or keeps it and answers later; the server keeps it alive until the end. What it was given
/// (the stream's reader, the end's callback) is let go at the end, so these may hold the exchange itself.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  virtual std::string_view method() const = 0;
  /// Path as sent, still percent-encoded, without the query; of an absolute form ("http://host/path") the
  /// path.
  virtual std::string_view target() const = 0;
  virtual std::string_view query() const = 0;                     ///< as sent, without "?", or empty
  virtual std::string header(const std::string& name) const = 0;  ///< empty when absent, or after the end
  /// All header fields as they came; none after the end.
  virtual std::vector<std::pair<std::string, std::string>> headers() const = 0;
  virtual std::string_view body() const = 0;
  virtual Endpoint peer() const = 0;  ///< no address when it came over a Unix socket
  virtual Endpoint local() const = 0;
  virtual bool over_unix() const = 0;
  /// Whoever asks has logged in: the connection makes room for nobody any more.
  virtual void settle_connection() {}

  virtual void reply(HttpReply reply) = 0;  ///< once; later ones are ignored
  virtual void wake() = 0;                  ///< the stream's reader has more, or must be asked again
  /// Told once when the exchange is over: whether all of the answer was handed to the connection, and how
  /// many octets of its body (of one that was cut, at most a block less than went out). Not told when the
  /// server goes.
  virtual void on_end(std::function<void(bool whole, std::uint64_t octets)> callback) = 0;
};

/// An HTTP/1.1 server (libmicrohttpd) on the loop: its epoll descriptor is polled, it has no thread of its
/// own (DECISIONS.md has the measurement). Must not be destroyed by its own handler. Answers carry
/// Content-Length, but for unending ones, and are never compressed. What a connection may cost is bounded: a
/// request has to be whole within idle_timeout of the connection's begin or of the answer before it, and an
/// answer has to be taken at min_octets_per_second, and while it waits for us what was sent has to be
/// acknowledged within idle_timeout; else the connection is reset.
class HttpServer {
 public:
  static constexpr std::size_t kBlock = 64 * 1024;  ///< octets a streamed body's reader is asked for at a time

  struct Options {
    std::optional<Endpoint> listen = {};  ///< this, or
    std::string unix_path = {};           ///< this (mode 0660; the socket of a dead process is replaced)
    unsigned max_connections = 512;       ///< beyond that they wait; with `places` that decides
    HttpPlaces* places = nullptr;         ///< who of those that come by TCP has a connection; outlives the server
    Duration idle_timeout = std::chrono::seconds(30);
    double min_octets_per_second = 256;  ///< of an answer, as its reader acknowledges it, over each idle_timeout
    std::size_t max_body = 64 * 1024;    ///< octets of a request's body; more is refused (413, or the connection cut)
    /// Whether who connects may ask at all; else the connection is closed at once. Empty: everybody.
    std::function<bool(const IpAddress&)> admits = {};
  };
  struct Stats {
    std::uint64_t requests = 0;        ///< that came in whole
    std::uint64_t cut_idle = 0;        ///< connections reset because no request came
    std::uint64_t cut_slow = 0;        ///< … because the answer was taken too slowly
    std::uint64_t cut_for_others = 0;  ///< … because others needed their place
    std::uint64_t octets_sent = 0;     ///< of bodies
    unsigned connections = 0;          ///< now
  };
  using Handler = std::function<void(std::shared_ptr<HttpExchange>)>;

  /// Errc::system with the sentence for the operator ("can't listen on TCP 0.0.0.0:6970: Address already in
  /// use").
  static Result<std::unique_ptr<HttpServer>> start(Loop& loop, const Options& options, Handler handler);
  virtual ~HttpServer() = default;
  virtual Endpoint local() const = 0;  ///< as bound, with the port the kernel chose; no address for a Unix socket
  virtual Stats stats() const = 0;
  virtual void stop_accepting() = 0;  ///< running exchanges go on
  /// A server with other limits on the very socket that this one listens on, which accepts no more; its connections
  /// go on until they end, so keep it until stats() counts none. `listen` and `unix_path` of the options are not
  /// looked at. After an error this one goes on as it was.
  virtual Result<std::unique_ptr<HttpServer>> renew(const Options& options) = 0;
};

}  // namespace dw::net
