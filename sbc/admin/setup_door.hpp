#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "sbc/admin/access.hpp"
#include "sbc/admin/setup.hpp"
#include "sbc/net/http_server.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/loop.hpp"

namespace dw::admin {

/// /api/claim and /api/settings: taking over a box that has no password yet, and what is changed on the page
/// afterwards. On the loop's thread; what it is given outlives it.
class SetupDoor {
 public:
  SetupDoor(net::Loop& loop, Access& access, Setup setup);
  SetupDoor(const SetupDoor&) = delete;
  SetupDoor& operator=(const SetupDoor&) = delete;

  static bool is_at(std::string_view path);
  /// Answers all of them, also who may not ask.
  void handle(const std::shared_ptr<net::HttpExchange>& exchange, std::string_view path);
  bool claim_open() const;
  void append_metrics(MetricsText& out) const;

 private:
  using Exchange = std::shared_ptr<net::HttpExchange>;
  void tell_claim(net::HttpExchange& exchange) const;
  void tell_settings(net::HttpExchange& exchange) const;
  void claim(const Exchange& exchange, bool only_try);
  bool may_claim(net::HttpExchange& exchange, std::string_view code);
  void take(const Exchange& exchange, const std::string& password, const std::string& central);
  void change(const Exchange& exchange);
  void change_password(const Exchange& exchange);
  void try_central(const Exchange& exchange, const std::string& central);
  /// Hashes it away from the loop, and has the change made; then who asked is logged in.
  void set_password(const Exchange& exchange, const std::string& password, PageChange change);

  net::Loop& loop_;
  Access& access_;
  Setup setup_;
  bool busy_ = false;  ///< a password is being set
  std::uint64_t wrong_ = 0;
  net::LogLimit log_{5, 100};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// The host that somebody typed: also out of a URL, "http://pbx.example.net:6970/". Errc::invalid says in a sentence
/// what is wrong; empty text is an empty host.
Result<std::string> central_host(std::string_view typed);

}  // namespace dw::admin
