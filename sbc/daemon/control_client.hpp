#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "sbc/base/result.hpp"
#include "sbc/net/unix_http.hpp"

namespace dw {

/// Talks to the running daemon over its control socket. Blocking; for the commands only.
class ControlClient {
 public:
  explicit ControlClient(std::string socket) : socket_(std::move(socket)) {}

  /// The answer to one request, whatever its status. Errors as those of unix_http, with a sentence that says what
  /// to do: if no daemon runs, how to start it.
  Result<net::UnixHttpReply> ask(net::UnixHttpRequest request) const;
  /// The JSON behind a GET that must answer 200; a 404 is Errc::not_found with the daemon's words.
  Result<nlohmann::ordered_json> get(const std::string& target) const;

  const std::string& socket() const { return socket_; }

 private:
  std::string socket_;
};

/// The error text in the body of an answer other than 200: {"error": "…"}.
std::string error_in(const net::UnixHttpReply& reply);

}  // namespace dw
