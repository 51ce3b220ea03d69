#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "sbc/base/percent.hpp"
#include "sbc/daemon/commands.hpp"
#include "sbc/daemon/control_client.hpp"
#include "sbc/daemon/report.hpp"
#include "sbc/daemon/words.hpp"

/// `dropwire restart`, `reset`, `forget`, `refresh`: actions of the running daemon.
namespace dw::commands {

using Json = nlohmann::ordered_json;

int post(const Ask& ask, const std::string& target) {
  net::UnixHttpRequest request;
  request.method = "POST";
  request.target = target;
  const auto reply = ControlClient(socket_of(ask)).ask(std::move(request));
  if (!reply) return complain(reply.error().text);
  const Json answer = Json::parse(reply->body, nullptr, false);
  const bool done = reply->status == 200 && answer.is_object();
  if (ask.json && answer.is_object()) {
    say(answer.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return done ? kDone : kNo;
  }
  if (!done) return complain(error_in(*reply), kNo);
  say(words::printable(report::text_at(answer, "said")) + "\n");
  return kDone;
}

int act_on_phone(const Ask& ask, const std::string& name, const std::string& verb, bool force) {
  return post(ask, fmt::format("/api/phones/{}/{}{}", percent_encoded_path(name), verb, force ? "?force=1" : ""));
}

int refresh(const Ask& ask, const std::string& name) {
  return post(ask, fmt::format("/api/files/{}/refresh", percent_encoded_path(name)));
}

}  // namespace dw::commands
