#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sbc/base/metrics.hpp"
#include "sbc/net/loop.hpp"
#include "tftp-proxy/core/cnf_rewrite.hpp"
#include "tftp-proxy/core/content.hpp"

namespace dw::provisioning {

/// Firmware and other fixed files that a config names: `<load>.loads` (a name with a firmware ending is taken
/// as it is), locale files. Loads of XMLDefault.cnf.xml are left out, as it names those of all models.
std::vector<std::string> files_named_by(const CnfFacts& facts);
/// The parts of a manifest, the entries of a ring or image list; nothing for any other file.
std::vector<std::string> files_named_by(const std::string& name, Bytes octets);

/// Fetches files into the cache before phones ask for them: a few at a time, fewer while phones wait for
/// files of their own. Takes firmware and resources only. A config names manifests and those name parts, and no part
/// is a manifest, so this ends.
class Prefetcher {
 public:
  static constexpr std::size_t kMaxQueue = 256;
  struct Options {
    std::size_t concurrency = 4;
    bool enable = true;
    friend bool operator==(const Options&, const Options&) = default;
  };
  struct Hooks {
    std::function<bool(const std::string&)> wanted;      ///< not cached yet, and the cache would keep it
    std::function<ContentPtr(const std::string&)> open;  ///< as a phone would get it
    std::function<std::size_t()> busy;                   ///< files that phones wait for
  };

  Prefetcher(net::Loop& loop, const Options& options, Hooks hooks);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  void want(const std::vector<std::string>& names);
  void set_options(const Options& options) { options_ = options; }
  std::size_t queued() const { return queue_.size(); }
  std::size_t running() const { return running_.size(); }
  void append_metrics(MetricsText& out) const;

 private:
  struct Job {
    ContentPtr content;
    Content::Subscription subscription;
  };
  void soon();
  void turn();

  net::Loop& loop_;
  Options options_;
  Hooks hooks_;
  std::deque<std::string> queue_;
  std::unordered_set<std::string> queued_;
  std::unordered_map<std::string, Job> running_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // posted turns look here
  bool turn_posted_ = false;
  std::uint64_t fetched_ = 0, failed_ = 0, left_out_ = 0;
};

}  // namespace dw::provisioning
