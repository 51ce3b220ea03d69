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

/// /api/claim and /api/settings: claiming a box that has no password yet, and later changes on the page. On the loop's
/// thread; the arguments outlive it.
class SetupDoor {
 public:
  SetupDoor(net::Loop& loop, Access& access, Setup setup);
  SetupDoor(const SetupDoor&) = delete;
  SetupDoor& operator=(const SetupDoor&) = delete;

  static bool is_at(std::string_view path);
  /// Answers every request, also those that are not allowed.
  void handle(const std::shared_ptr<net::HttpExchange>& exchange, std::string_view path);
  bool claim_open() const;
  void append_metrics(MetricsText& out) const;

 private:
  using Exchange = std::shared_ptr<net::HttpExchange>;
  void reply_claim(net::HttpExchange& exchange) const;
  void reply_settings(net::HttpExchange& exchange) const;
  void claim(const Exchange& exchange, bool only_try);
  bool may_claim(net::HttpExchange& exchange, std::string_view code);
  void take(const Exchange& exchange, const std::string& password, const std::string& central);
  void change(const Exchange& exchange);
  void change_password(const Exchange& exchange);
  void try_central(const Exchange& exchange, const std::string& central);
  /// Hashes it on another thread, applies the change, and logs the client in.
  void set_password(const Exchange& exchange, const std::string& password, PageChange change);

  net::Loop& loop_;
  Access& access_;
  Setup setup_;
  bool busy_ = false;  ///< a password is being set
  std::uint64_t wrong_ = 0;
  net::LogLimit log_{5, 100};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// The host that somebody entered, also as a URL, "http://pbx.example.net:6970/". Errc::invalid has a sentence that
/// says what is wrong; empty text is an empty host.
Result<std::string> central_host(std::string_view typed);

}  // namespace dw::admin
