#pragma once
#include <optional>

#include "tftp-proxy/http_server.hpp"

namespace dw::provisioning {

/// One request of a phone, from its first line to the end of its answer.
struct PhoneHttpServer::Download {
  std::uint64_t id = 0;
  std::shared_ptr<net::HttpExchange> exchange;
  ContentPtr content;
  Content::Subscription subscription;
  std::optional<net::Timer> deadline;
  TimePoint asked{};
  phones::FileStep step;
  bool is_head = false;
  bool answered = false;
  bool silent = false;   ///< it is no step of a story
  bool is_page = false;  ///< of a service (Library::open_service)
};

}  // namespace dw::provisioning
