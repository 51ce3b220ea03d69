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

/// What came before the body. Header values are bounded and have no control characters.
struct HttpHead {
  long status = 0;
  std::optional<std::uint64_t> length;  ///< Content-Length; nothing when not told or the body is chunked
  bool chunked = false;  ///< its end is told by other means than `length`: chunks, or the length of a packed body
                         ///< (Content-Encoding)
  bool packed = false;   ///< it came packed and is unpacked: a range of it would be one of the packed form
  std::string etag, last_modified, content_type;
  std::vector<std::pair<std::string, std::string>> kept;  ///< those that Request::keep names, in their order
};

/// HTTP and HTTPS GETs (libcurl, multi-socket interface) on the loop. Follows no redirect, asks no
/// compression (and unpacks what is packed all the same), speaks only http and https, answers Basic and Digest
/// challenges with the URL's user and password, checks certificates (system store or `ca_file`), reads no proxy
/// environment. Callbacks come from the loop, never from inside get(), and may do anything: get more, drop
/// any transfer, drop the client.
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
    /// Less than one octet a second for so long; libcurl looks at an average and notices up to 5 s later.
    Duration stall_timeout = std::chrono::seconds(15);
    std::uint64_t max_octets = 0;        ///< of the body; 0: no bound
    std::uint64_t from = 0;              ///< Range: bytes=from-
    std::vector<std::string> keep = {};  ///< names of further header fields that the head is to have
  };
  struct Callbacks {
    std::function<void(const HttpHead&)> on_head = {};  ///< once, of the final answer (no 1xx)
    std::function<void(Bytes)> on_octets = {};
    /// Last. Errc::unavailable (refused, timed out, TLS, cut short of Content-Length), Errc::too_long. A
    /// status of 4xx or 5xx is no error here. A 401 comes without its body.
    std::function<void(Result<void>)> on_end = {};
  };
  /// Destroying it cancels: nothing is called any more. It may outlive the client.
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
