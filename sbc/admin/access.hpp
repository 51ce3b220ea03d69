#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "sbc/admin/credentials.hpp"
#include "sbc/admin/login_limit.hpp"
#include "sbc/admin/password_check.hpp"
#include "sbc/admin/sessions.hpp"
#include "sbc/base/known_sources.hpp"
#include "sbc/base/metrics.hpp"
#include "sbc/net/http_server.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/random.hpp"

namespace dw::admin {

struct Login;

/// What a request must present to be answered.
enum class Need : std::uint8_t {
  nothing,  ///< the page itself, health, logging in
  read,     ///< nothing from this machine; a login from anywhere else
  login,    ///< a session or a token, from anywhere
  act,      ///< a session or token of the operator's account
  socket,   ///< the control socket
};

/// Who may do what over TCP (SECURITY.md): passwords, browser sessions and tokens. Requests over the control socket
/// were already authorised by its file mode. On the loop's thread; owned by AdminServer.
class Access {
 public:
  explicit Access(net::Loop& loop) : check_(loop), callers_(net::random_u64()) {}

  /// Takes the credentials as just read. A password that changed or was removed ends its sessions.
  void use(const Credentials& credentials);

  /// Whether the request may proceed; if not, it has been answered.
  bool admits(net::HttpExchange& exchange, Need need);
  /// For a long-running answer: whether what authorised it is still valid. Calling it does not count as using the
  /// session. Must not be called after this is destroyed.
  std::function<bool()> pass_of(const net::HttpExchange& exchange);

  void login(const std::shared_ptr<net::HttpExchange>& exchange);  ///< POST /api/login
  void logout(net::HttpExchange& exchange);                        ///< POST /api/logout
  /// GET /api/session. `claim_open`: this box can be claimed now (Claim).
  void session(net::HttpExchange& exchange, bool claim_open);
  /// Calls `right` on the loop if the password is right; otherwise the request has been answered. Guesses are limited.
  void prove(const std::shared_ptr<net::HttpExchange>& exchange, const Login& shown, std::function<void()> right);
  /// Starts a session and replies with `answer` and "csrf".
  void let_in(net::HttpExchange& exchange, Account account, nlohmann::json answer);
  /// The client's name for the log: "operator at 192.0.2.7", "control socket". Only after admits() returned true.
  std::string who(const net::HttpExchange& exchange);
  /// A source is known if somebody there recently logged in or used the token, or if it is this machine.
  Standing standing(TimePoint now, const IpAddress& source) const;
  void append_metrics(MetricsText& out) const;

 private:
  struct Caller {
    enum class Kind : std::uint8_t { nobody, wrong_token, token, session, socket } kind = Kind::nobody;
    std::string csrf;                 ///< of a session
    Account account = Account::full;  ///< of a token or a session
    bool known() const { return kind == Kind::token || kind == Kind::session || kind == Kind::socket; }
  };
  Caller caller_of(const net::HttpExchange& exchange);
  void note_known(net::HttpExchange& exchange);
  void ask_to_log_in(net::HttpExchange& exchange);
  void failed(const net::HttpExchange& exchange, std::string_view what);
  void put_off(net::HttpExchange& exchange, Duration wait);

  Credentials credentials_;
  Sessions sessions_;
  LoginLimit limit_{net::random_u64()};
  PasswordCheck check_;
  KnownSources callers_;  ///< where logins and tokens succeeded
  net::LogLimit failed_log_{5, 100};
  std::uint64_t logins_ = 0, wrong_ = 0, put_off_ = 0, cross_site_ = 0;
};

}  // namespace dw::admin
