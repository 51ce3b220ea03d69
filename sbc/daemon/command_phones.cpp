// dropwire phones: finds phones, as a table, CSV or JSON; and acts on all of them.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "sbc/base/percent.hpp"
#include "sbc/daemon/commands.hpp"
#include "sbc/daemon/control_client.hpp"
#include "sbc/daemon/progress.hpp"
#include "sbc/daemon/report.hpp"
#include "sbc/daemon/words.hpp"

namespace dw::commands {
namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kPage = 1000;  // rows of one answer
constexpr auto kAskAgain = std::chrono::milliseconds(500);

std::string encoded(const std::string& value) {
  std::string out;
  for (const char c : percent_encoded_path(value))
    out += c == '/' ? std::string("%2f") : std::string(1, c);
  return out;
}

/// The options as a query of the API: "state=failed&model=7965".
std::string query_of(const Phones& what) {
  std::string out;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, encoded(value));
  };
  add("q", what.find);
  add("show", what.show);
  add("state", what.state);
  add("finding", what.finding);
  add("cause", what.cause);
  add("model", what.model);
  add("firmware", what.firmware);
  add("protocol", what.protocol);
  add("network", what.network);
  return out;
}

std::string with_more(const std::string& query, const std::string& more) {
  return query.empty() ? more : query + "&" + more;
}

/// Written as it arrives, as it may not fit into memory.
int print_csv(const ControlClient& client, const std::string& query, const Phones& what) {
  net::UnixHttpRequest request;
  request.target = "/api/phones?" + with_more(query, "format=csv");
  if (what.limit != 0) request.target += fmt::format("&limit={}", what.limit);
  request.max_octets = UINT64_MAX;
  request.on_octets = [](Bytes piece, std::optional<std::uint64_t>) {
    say(std::string(as_text(piece)));
    return true;
  };
  const auto reply = client.ask(std::move(request));
  if (!reply) return complain(reply.error().text);
  return reply->status == 200 ? kDone : complain(error_in(*reply));
}

/// Fetches page by page: the answer of the first with the rows of all.
Result<Json> all_pages(const ControlClient& client, const std::string& query, std::size_t limit) {
  Json all;
  std::string cursor;
  for (std::size_t left = limit == 0 ? SIZE_MAX : limit; left != 0;) {
    const std::size_t asked = std::min(left, kPage);
    std::string target = "/api/phones?" + with_more(query, fmt::format("limit={}", asked));
    if (!cursor.empty()) target += "&cursor=" + cursor;
    auto page = client.get(target);
    if (!page) return page;
    const Json rows = page->value("phones", Json::array());
    cursor = report::text_at(*page, "next");
    left -= std::min(left, std::max<std::size_t>(rows.size(), 1));
    if (all.is_null()) {
      all = *std::move(page);
    } else {
      for (const Json& row : rows)
        all["phones"].push_back(row);
    }
    if (cursor.empty()) break;
  }
  if (all.contains("next")) all["next"] = cursor.empty() ? Json() : Json(cursor);
  return all;
}

// ---- actions on all of them

volatile std::sig_atomic_t interrupted = 0;
void on_interrupt(int) {
  interrupted = 1;
}

Result<Json> post_json(const ControlClient& client, const std::string& target) {
  net::UnixHttpRequest request;
  request.method = "POST";
  request.target = target;
  const auto reply = client.ask(std::move(request));
  if (!reply) return std::unexpected(reply.error());
  Json answer = Json::parse(reply->body, nullptr, false);
  if (reply->status != 200 || !answer.is_object()) return fail(Errc::unavailable, error_in(*reply));
  return answer;
}

std::uint64_t count_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<std::uint64_t>() : 0;
}

std::string phones_in_words(std::uint64_t count) {
  return count == 1 ? "1 phone" : fmt::format("{} phones", count);
}

bool is_sure(const std::string& question) {
  fmt::print(stderr, "{} [y/N] ", question);
  std::string line;
  for (char c = 0; line.size() < 16 && ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n';)
    line += c;
  return line == "y" || line == "Y" || line == "yes";
}

/// Waits until it has ended; Ctrl-C stops it.
Result<Json> follow_operation(const ControlClient& client, std::uint64_t id) {
  Progress progress;
  std::signal(SIGINT, on_interrupt);
  for (bool stopping = false;;) {
    if (interrupted != 0 && !std::exchange(stopping, true))
      (void)post_json(client, fmt::format("/api/operations/{}/stop", id));
    const auto answer = client.get("/api/operations");
    if (!answer) return answer;
    const Json all = answer->value("operations", Json::array());
    const auto own = std::ranges::find_if(all, [&](const Json& o) { return count_at(o, "id") == id; });
    if (own == all.end())
      return fail(Errc::not_found, "Dropwire knows nothing of this any more: it was restarted meanwhile");
    if (report::text_at(*own, "state") != "running") return *own;
    progress.say(fmt::format("{} of {}", count_at(*own, "done") + count_at(*own, "refused") + count_at(*own, "skipped"),
                             count_at(*own, "phones")));
    std::this_thread::sleep_for(kAskAgain);
  }
}

int do_to_all(const Ask& ask, const ControlClient& client, const std::string& query, const Phones& what) {
  std::string target = fmt::format("/api/operations?action={}", what.action);
  if (!query.empty()) target += "&" + query;
  if (query.empty() && what.all) target += "&all=1";
  if (what.force) target += "&force=1";
  if (what.pace != 0) target += fmt::format("&pace={}", what.pace);
  if (query.empty() && !what.all) return complain("no filter means all phones: say --all if they are meant");
  const auto counted = post_json(client, target);
  if (!counted) return complain(counted.error().text);
  const std::uint64_t phones = count_at(*counted, "phones"), id = count_at(*counted, "id");
  if (phones == 0) {
    say("No phone matches: nothing was done.\n");
    return kDone;
  }
  const std::uint64_t pace = std::max<std::uint64_t>(1, count_at(*counted, "pace"));
  if (!what.yes) {
    if (isatty(STDIN_FILENO) != 1)
      return complain(fmt::format("{} would be asked to {}: say --yes, as there is no terminal to ask at",
                                  phones_in_words(phones), what.action));
    if (!is_sure(fmt::format("{} {}, {} a second, in about {}?", what.action, phones_in_words(phones), pace,
                             to_words(std::chrono::seconds(phones / pace + 1))))) {
      say("Nothing was done.\n");
      return kNo;
    }
  }
  const auto begun = post_json(client, fmt::format("/api/operations/{}/begin?phones={}", id, phones));
  if (!begun) return complain(begun.error().text);
  const auto over = follow_operation(client, id);
  if (!over) return complain(over.error().text);
  const bool well = report::text_at(*over, "state") == "done" && count_at(*over, "refused") == 0;
  if (ask.json) {
    say(over->dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
    return well ? kDone : kNo;
  }
  std::string out =
      fmt::format("{} of {}: {} done, {} refused, {} passed over because they do not match any more\n",
                  report::text_at(*over, "state") == "stopped" ? "Stopped" : "All", phones_in_words(phones),
                  count_at(*over, "done"), count_at(*over, "refused"), count_at(*over, "skipped"));
  for (const Json& error : over->value("errors", Json::array()))
    out += fmt::format("  {}\n", report::text_at(error, "error"));
  say(out);
  return well ? kDone : kNo;
}

}  // namespace

int phones(const Ask& ask, const Phones& what) {
  const ControlClient client(socket_of(ask));
  const std::string filter = query_of(what);
  if (!what.action.empty()) return do_to_all(ask, client, filter, what);
  const std::string query = what.sort.empty() ? filter : with_more(filter, "sort=" + encoded(what.sort));
  if (what.format == "csv") return print_csv(client, query, what);
  const auto answer = all_pages(client, query, what.limit);
  if (!answer) return complain(answer.error().text);
  say(ask.json || what.format == "json" ? answer->dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                                        : report::phones(*answer, {wall_now(), terminal_width()}));
  return kDone;
}

}  // namespace dw::commands
