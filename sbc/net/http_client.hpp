#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"
#include "sbc/base/time.hpp"
#include "sbc/net/loop.hpp"

namespace dw::net {

/// What comes before the body. Header values have a bounded length and no control characters.
struct HttpHead {
  long status = 0;
  std::optional<std::uint64_t> length;  ///< Content-Length; nothing when it is missing or the body is chunked
  /// The end is not given by `length`: the body is chunked, or `length` is that of an encoded body.
  bool chunked = false;
  /// It had a Content-Encoding and is decoded: a range of it would be a range of the encoded form.
  bool packed = false;
  std::string etag, last_modified, content_type;
  std::vector<std::pair<std::string, std::string>> kept;  ///< the fields named in Request::keep, in their order
};

/// HTTP and HTTPS GETs (libcurl, multi-socket interface) on the loop. Follows no redirects, requests no compression
/// (but decodes it), speaks only http and https, answers Basic and Digest challenges with the URL's user and password,
/// verifies certificates (system store or `ca_file`), ignores proxy variables. Callbacks come from the loop, never from
/// inside get(), and may do anything: get more, drop any transfer, drop the client.
class HttpClient {
 public:
  struct Options {
    std::string ca_file = {};  ///< PEM; empty: the system's store
    unsigned max_connections = 16;
    unsigned max_per_host = 8;
  };
  struct Request {
    std::string url = {};
    std::vector<std::string> headers = {};  ///< "If-None-Match: …"
    Duration connect_timeout = std::chrono::seconds(5);
    /// Less than one octet a second for this long; libcurl uses an average, so it notices up to 5 s later.
    Duration stall_timeout = std::chrono::seconds(15);
    std::uint64_t max_octets = 0;        ///< of the body; 0: no limit
    std::uint64_t from = 0;              ///< Range: bytes=from-
    std::vector<std::string> keep = {};  ///< further header fields to keep in HttpHead::kept
  };
  struct Callbacks {
    std::function<void(const HttpHead&)> on_head = {};  ///< once, for the final answer (not for 1xx)
    std::function<void(Bytes)> on_octets = {};
    /// Last. Errc::unavailable (refused, timed out, TLS, shorter than Content-Length), Errc::too_long. A status of 4xx
    /// or 5xx is no error here. A 401 comes without its body.
    std::function<void(Result<void>)> on_end = {};
  };
  /// Destroying it cancels: nothing is called afterwards. It may outlive the client.
  class Transfer {
   public:
    virtual ~Transfer() = default;
  };

  HttpClient(Loop& loop, const Options& options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  [[nodiscard]] std::unique_ptr<Transfer> get(const Request& request, Callbacks callbacks);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace dw::net
