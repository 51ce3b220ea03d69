#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "sbc/base/result.hpp"
#include "sbc/base/time.hpp"
#include "sbc/net/loop.hpp"
#include "tftp-proxy/core/content.hpp"
#include "tftp-proxy/core/origin_url.hpp"
#include "tftp-proxy/tftp_ports.hpp"

namespace dw::provisioning {

/// A request for one file to one origin.
struct OriginRequest {
  std::string name;                 ///< in the spelling to ask for; has passed parse_file_name
  std::string etag, last_modified;  ///< of the cached copy if this origin gave it; else empty
  bool for_stranger = false;        ///< no known source waits for it: it must not delay those
};

/// How a fetch ended. Error codes: not_found, forbidden (the origin refuses this file), too_long, and
/// unavailable for everything that may change later. The text names the origin.
struct OriginEnd {
  enum class Success { complete, unchanged };
  Result<Success> result;
  bool reached = true;  ///< the origin answered; false: refused, timed out, name not resolved
  /// Not found, and the origin lists what it has: names that are one typo away (is_one_typo_away), at most
  /// kMaxNear of them.
  std::vector<std::string> near{};
  static constexpr std::size_t kMaxNear = 64;
};

struct OriginCallbacks {
  /// The file is there; `real` is how the origin spells it. meta.origin is the origin's label.
  std::function<void(ContentMeta meta, const std::string& real)> on_found;
  std::function<void(Bytes)> on_octets;
  std::function<void(OriginEnd)> on_end;  ///< last
};

/// A running fetch. Destroying it cancels it, and nothing is called any more. It may be destroyed in its own
/// callbacks.
class OriginFetch {
 public:
  virtual ~OriginFetch() = default;
};

/// Where files come from: one URL. Callbacks come from the loop, never from within `fetch`.
class Origin {
 public:
  struct Options {
    std::string ca_file;                                 ///< https: PEM; empty: the system's store
    Duration connect_timeout = std::chrono::seconds(3);  ///< also until a TFTP server's first packet
    Duration stall_timeout = std::chrono::seconds(15);   ///< without further octets
    std::uint64_t max_file = 64ULL << 20;                ///< octets
    std::uint16_t tftp_blksize = 1428;
    std::uint16_t tftp_windowsize = 16;
    std::shared_ptr<TftpPorts> tftp_ports;  ///< ports that the router has mapped; null: there are none
    friend bool operator==(const Options&, const Options&) = default;
  };
  virtual ~Origin() = default;
  virtual std::unique_ptr<OriginFetch> fetch(const OriginRequest& request, OriginCallbacks callbacks) = 0;
  /// True when `fetch` finds other spellings by itself, so that nobody needs to guess.
  virtual bool finds_any_case() const { return false; }
};

std::unique_ptr<Origin> make_http_origin(net::Loop& loop, const OriginUrl& url, const Origin::Options& options);
std::unique_ptr<Origin> make_tftp_origin(net::Loop& loop, const OriginUrl& url, const Origin::Options& options);
std::unique_ptr<Origin> make_directory_origin(net::Loop& loop, const OriginUrl& url, const Origin::Options& options);
/// Creates the one for the scheme of the URL.
std::unique_ptr<Origin> make_origin(net::Loop& loop, const OriginUrl& url, const Origin::Options& options);

}  // namespace dw::provisioning
