// dropwire log: the last lines, new ones, and the log level.
#include <fmt/format.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "sbc/daemon/commands.hpp"
#include "sbc/daemon/control_client.hpp"
#include "sbc/daemon/report.hpp"

namespace dw::commands {
namespace {

using Json = nlohmann::ordered_json;
constexpr auto kLookAgain = std::chrono::milliseconds(300);

int set_level(const ControlClient& client, const std::string& level) {
  net::UnixHttpRequest request;
  request.method = "POST";
  request.target = "/api/log?level=" + level;
  const auto reply = client.ask(std::move(request));
  if (!reply) return complain(reply.error().text);
  if (reply->status != 200) return complain(fmt::format("Dropwire answered {}: {}", reply->status, error_in(*reply)));
  return kDone;
}

/// With --json one object per line while following, so that scripts can read them as they come.
std::string text_of(const Json& answer, bool json, bool first) {
  const Json lines = answer.value("lines", Json::array());
  if (!json) return lines.empty() && !first ? "" : report::log(answer);
  std::string out;
  for (const Json& line : lines)
    out += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return out;
}

}  // namespace

int log(const Ask& ask, bool follow, const std::string& level) {
  const ControlClient client(socket_of(ask));
  if (!level.empty()) {
    if (const int failed = set_level(client, level); failed != kDone) return failed;
    if (!follow) {
      say(fmt::format("Dropwire logs from {} on, until it restarts or reads its settings again.\n", level));
      return kDone;
    }
  }
  std::uint64_t next = 0;
  for (bool first = true;; first = false) {
    const auto answer = client.get(fmt::format("/api/log?after={}", next));
    if (!answer) return complain(answer.error().text);
    if (!follow && ask.json) {
      say(answer->dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
      return kDone;
    }
    say(text_of(*answer, ask.json, first));
    if (!follow) return kDone;
    next = answer->value("next", next);
    std::this_thread::sleep_for(kLookAgain);
  }
}

}  // namespace dw::commands
