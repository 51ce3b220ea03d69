#include "sbc/net/unix_http.hpp"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "sbc/net/descriptor.hpp"

namespace dw::net {
namespace {

constexpr std::size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;

/// Whether somebody accepts there; if not, the system's error, which libcurl does not pass on.
Result<void> probe(const std::string& path) {
  if (path.empty() || path.size() > kMaxPath) {
    return fail(Errc::invalid, fmt::format("the socket's path must have 1 to {} characters", kMaxPath));
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::ranges::copy(path, std::begin(address.sun_path));
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno(errno, "making a socket");
  if (connect(socket.number(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return {};
  const int reason = errno;
  Error error = fail_errno(reason, path).error();
  if (reason == ENOENT || reason == ECONNREFUSED || reason == ENOTDIR) error.code = Errc::not_found;
  if (reason == EACCES || reason == EPERM) error.code = Errc::forbidden;
  return std::unexpected(std::move(error));
}

struct UnixExchange {
  const UnixHttpRequest& request;
  CURL* handle;
  UnixHttpReply reply;
  std::uint64_t received = 0;
  bool too_long = false;
  bool broken_off = false;

  bool take(Bytes piece) {
    received += piece.size();
    too_long = received > request.max_octets;
    if (too_long) return false;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &reply.status);
    if (reply.status != 200 || !request.on_octets) {
      reply.body.append(as_text(piece));
      return true;
    }
    curl_off_t length = -1;
    curl_easy_getinfo(handle, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    broken_off =
        !request.on_octets(piece, length < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(length)));
    return !broken_off;
  }
};

std::size_t on_answer_body(char* octets, std::size_t size, std::size_t count, void* exchange) {
  const std::size_t n = size * count;
  return static_cast<UnixExchange*>(exchange)->take(as_bytes({octets, n})) ? n : 0;
}

}  // namespace

Result<UnixHttpReply> unix_http(const UnixHttpRequest& request) {
  if (const auto reachable = probe(request.socket); !reachable) return std::unexpected(reachable.error());
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), curl_easy_cleanup);
  if (!handle) return fail(Errc::system, "libcurl does not start");
  CURL* curl = handle.get();
  UnixExchange exchange{request, curl, {}};
  const std::string url = "http://localhost" + request.target;
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request.socket.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(request.timeout).count();
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, static_cast<long>(seconds));
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  if (request.method == "POST") {
    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, 0L);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
  }
  const CURLcode code = curl_easy_perform(curl);
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &exchange.reply.status);
  if (exchange.too_long) return fail(Errc::too_long, "the answer is too long");
  if (exchange.broken_off) return fail(Errc::exhausted, "broken off");
  if (code != CURLE_OK) return fail(Errc::unavailable, curl_easy_strerror(code));
  return std::move(exchange.reply);
}

}  // namespace dw::net
