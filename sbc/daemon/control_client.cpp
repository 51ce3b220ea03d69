#include "sbc/daemon/control_client.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sbc/daemon/report.hpp"
#include "sbc/daemon/words.hpp"

namespace dw {
namespace {

using Json = nlohmann::ordered_json;

std::unexpected<Error> explained(Error error, const std::string& socket) {
  switch (error.code) {
    case Errc::not_found:
      error.text = fmt::format(
          "Dropwire is not running (nobody listens on {}): start it with \"systemctl start dropwire\" or "
          "\"dropwire "
          "run\", or name its socket with --socket",
          socket);
      break;
    case Errc::forbidden:
      error.text =
          fmt::format("you may not talk to Dropwire on {}: use sudo, or join the group that owns the socket", socket);
      break;
    case Errc::unavailable:
      error.text = fmt::format("Dropwire did not answer on {}: {}", socket, error.text);
      break;
    default:
      break;
  }
  return std::unexpected(std::move(error));
}

}  // namespace

Result<net::UnixHttpReply> ControlClient::ask(net::UnixHttpRequest request) const {
  request.socket = socket_;
  Result<net::UnixHttpReply> reply = net::unix_http(request);
  if (!reply) return explained(std::move(reply.error()), socket_);
  return reply;
}

Result<Json> ControlClient::get(const std::string& target) const {
  net::UnixHttpRequest request;
  request.target = target;
  const Result<net::UnixHttpReply> reply = ask(std::move(request));
  if (!reply) return std::unexpected(reply.error());
  if (reply->status == 404) return fail(Errc::not_found, error_in(*reply));
  if (reply->status != 200)
    return fail(Errc::unavailable, fmt::format("Dropwire answered {}: {}", reply->status, error_in(*reply)));
  Json answer = Json::parse(reply->body, nullptr, false);
  if (answer.is_discarded()) return fail(Errc::malformed, "what answers on the socket is not Dropwire: no JSON came");
  return answer;
}

std::string error_in(const net::UnixHttpReply& reply) {
  constexpr std::size_t kMaxShown = 300;
  const Json answer = Json::parse(reply.body, nullptr, false);
  const std::string text = report::text_at(answer, "error");
  return text.empty() ? words::printable(std::string_view(reply.body).substr(0, kMaxShown)) : text;
}

}  // namespace dw
