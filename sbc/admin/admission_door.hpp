#pragma once
#include <string>
#include <string_view>

#include "sbc/net/http_server.hpp"
#include "sbc/net/loop.hpp"
#include "tftp-proxy/core/admissions.hpp"

namespace dw::admin {

/// /api/admissions: who may get a device's own files, and the operator's decisions on that. The caller checks who may
/// call it. On the loop's thread; the arguments outlive it.
class AdmissionDoor {
 public:
  static constexpr Duration kFor = std::chrono::minutes(15);  ///< without for_s
  AdmissionDoor(net::Loop& loop, provisioning::Admissions& admissions) : loop_(loop), admissions_(admissions) {}

  static bool is_action(std::string_view path);
  /// `who` is for the log.
  void act(net::HttpExchange& exchange, std::string_view path, const std::string& who);
  void list(net::HttpExchange& exchange, std::size_t limit) const;

 private:
  void admit(net::HttpExchange& exchange, std::string_view device, const std::string& who);
  void open(net::HttpExchange& exchange, const std::string& who);
  void forget(net::HttpExchange& exchange, std::string_view device, const std::string& who);
  std::string_view note() const;

  net::Loop& loop_;
  provisioning::Admissions& admissions_;
};

}  // namespace dw::admin
