// dropwire report: one file for support.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <future>
#include <memory>
#include <vector>

#include "sbc/base/percent.hpp"
#include "sbc/base/redact.hpp"
#include "sbc/daemon/commands.hpp"
#include "sbc/daemon/control_client.hpp"
#include "sbc/daemon/progress.hpp"
#include "sbc/daemon/words.hpp"

namespace dw::commands {
namespace {

constexpr std::size_t kTraced = 4;  // phones at a time, as the daemon allows

/// The trace of a phone for so many seconds, or a sentence that says why there is none.
std::string traced(const std::string& socket, const std::string& name, unsigned seconds) {
  net::UnixHttpRequest request;
  request.target = fmt::format("/api/phones/{}/trace?format=text&seconds={}&octets={}", percent_encoded_path(name),
                               seconds, 1 << 20);
  request.timeout = std::chrono::seconds(seconds + 60);
  const auto reply = ControlClient(socket).ask(std::move(request));
  if (!reply) return reply.error().text + "\n";
  if (reply->status != 200) return fmt::format("Dropwire answered {}: {}\n", reply->status, error_in(*reply));
  return reply->body.empty() ? fmt::format("Nothing was said in {} s.\n", seconds) : redacted(reply->body);
}

std::string messages_of(const std::string& socket, const std::vector<std::string>& names, unsigned seconds) {
  std::vector<std::future<std::string>> watched;
  for (const std::string& name : names) {
    if (watched.size() == kTraced) break;
    watched.push_back(
        std::async(std::launch::async, [&socket, &name, seconds] { return traced(socket, name, seconds); }));
  }
  std::string out;
  for (std::size_t i = 0; i < watched.size(); ++i)
    out +=
        fmt::format("\n==== Messages of {} in {} s ====\n\n{}", words::printable(names[i]), seconds, watched[i].get());
  return out;
}

}  // namespace

int report(const Ask& ask, const std::vector<std::string>& names, const std::string& file, unsigned seconds) {
  const std::string socket = socket_of(ask);
  net::UnixHttpRequest request;
  request.target = "/api/report";
  for (std::size_t i = 0; i < names.size(); ++i)
    request.target += (i == 0 ? "?device=" : ",") + percent_encoded_path(names[i]);
  const auto reply = ControlClient(socket).ask(std::move(request));
  if (!reply) return complain(reply.error().text);
  if (reply->status != 200) return complain(error_in(*reply), reply->status == 404 ? kNo : kFailed);
  std::string text = reply->body;
  if (!names.empty() && seconds != 0) {
    Progress progress;
    progress.say(fmt::format("Watching what the phone and this box say, for {} s", seconds));
    text += messages_of(socket, names, seconds);
  }
  if (file == "-") {
    say(text);
    return kDone;
  }
  const std::string path =
      file.empty() ? fmt::format("dropwire-report-{}.txt", to_rfc3339(wall_now()).substr(0, 10)) : file;
  umask(0077);
  std::FILE* const out = std::fopen(path.c_str(), "wbe");
  const bool good = out != nullptr && std::fwrite(text.data(), 1, text.size(), out) == text.size();
  if ((out != nullptr && std::fclose(out) != 0) || !good) return complain(fmt::format("can't write {}", path));
  say(fmt::format(
      "{} is written. Read it before you send it: names, numbers and addresses are in it, passwords are not.\n", path));
  return kDone;
}

}  // namespace dw::commands
