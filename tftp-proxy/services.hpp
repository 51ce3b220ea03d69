#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "sbc/base/fair_share.hpp"
#include "sbc/base/known_sources.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/net/http_client.hpp"
#include "sbc/net/log.hpp"
#include "tftp-proxy/core/admissions.hpp"
#include "tftp-proxy/core/cnf_rewrite.hpp"
#include "tftp-proxy/core/origin_url.hpp"
#include "tftp-proxy/library.hpp"

namespace dw::provisioning {

/// Phone services and directories through the HTTP door, where configs' URLs are rewritten to lead there. A path that
/// we signed (service_links.hpp) is fetched from the place that it names, any other with a query from the HTTP origins
/// in order. Query, the phone's own headers, content type, cookies and refreshes pass; links in Cisco's XML objects
/// are moved as those in configs are. Nothing is kept. A config or trust list is never fetched this way. Owned by the
/// pipeline, on the loop's thread.
class Services {
 public:
  struct Options {
    bool enable = false;
    std::vector<OriginUrl> origins;  ///< the HTTP ones
    std::string ca_file;
    std::string key;  ///< signs the places; kept over restarts, as phones keep their configs
    Duration connect_timeout = std::chrono::seconds(3);
    Duration stall_timeout = std::chrono::seconds(15);
  };
  static constexpr std::size_t kMaxPages = 128;          ///< being fetched at the same time
  static constexpr std::size_t kMaxOfSource = 16;        ///< by one source
  static constexpr std::uint64_t kMaxOctets = 2U << 20;  ///< of one page: an image, as phones take far less text
  static constexpr unsigned kMaxRedirects = 3;

  explicit Services(net::Loop& loop);
  ~Services();
  void configure(Options options);
  /// The known sources, and who may ask with a device's name. Both outlive this.
  void use(KnownSources& known) { known_ = &known; }
  void use(Admissions& admissions) { admissions_ = &admissions; }

  /// Whether it is a request for a page; else it is a file's name.
  bool takes(const ServiceRequest& request) const;
  /// `rewriting` has the host that this phone gets.
  ContentPtr open(const ServiceRequest& request, const RewriteOptions& rewriting);
  const PlaceSigner& signer() const { return sign_; }
  void append_metrics(MetricsText& out) const;

 private:
  class Page;
  void over(const std::shared_ptr<Page>& page);
  bool keeps_out(const ServiceRequest& request);

  net::Loop& loop_;
  Options options_;
  PlaceSigner sign_;
  std::shared_ptr<net::HttpClient> client_;
  KnownSources* known_ = nullptr;
  Admissions* admissions_ = nullptr;
  FairShare shares_;
  std::set<std::shared_ptr<Page>> running_;
  net::LogLimit log_{10, 100};
  std::uint64_t pages_ = 0, failures_ = 0;
};

}  // namespace dw::provisioning
