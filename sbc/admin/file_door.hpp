#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "sbc/net/http_server.hpp"
#include "sbc/net/timer.hpp"
#include "tftp-proxy/core/content.hpp"

namespace dw::admin {

/// Serves whole files over the control socket (`dropwire get`): streamed as soon as the size is known, otherwise once
/// the file is complete. On the loop's thread.
class FileDoor {
 public:
  FileDoor(net::Loop& loop, Duration first_answer) : loop_(loop), first_answer_(first_answer) {}

  void give(const std::shared_ptr<net::HttpExchange>& exchange, provisioning::ContentPtr content);

 private:
  struct Download {
    std::shared_ptr<net::HttpExchange> exchange;
    provisioning::ContentPtr content;
    provisioning::Content::Subscription subscription;
    std::unique_ptr<net::Timer> deadline;
    bool answered = false;
  };
  void consider(Download& download);
  void reply(Download& download, net::HttpReply reply);

  net::Loop& loop_;
  Duration first_answer_;
  std::map<std::uint64_t, std::unique_ptr<Download>> downloads_;
  std::uint64_t next_id_ = 0;
};

}  // namespace dw::admin
