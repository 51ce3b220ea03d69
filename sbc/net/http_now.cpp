#include "sbc/net/http_now.hpp"

#include <curl/curl.h>

#include <memory>

namespace dw::net {
namespace {

struct Taken {
  const HttpNow& request;
  std::string body;
  std::size_t head = 0;
  bool too_long = false;
};

/// Counts interim answers and trailers too: to libcurl all of them are header lines.
std::size_t on_head(char*, std::size_t, std::size_t size, void* into) {
  auto& taken = *static_cast<Taken*>(into);
  taken.head += size;
  taken.too_long = taken.head > taken.request.max_octets;
  return taken.too_long ? 0 : size;
}

std::size_t on_body(char* octets, std::size_t, std::size_t size, void* into) {
  auto& taken = *static_cast<Taken*>(into);
  taken.too_long = taken.body.size() + size > taken.request.max_octets;
  if (taken.too_long) return 0;
  taken.body.append(octets, size);
  return size;
}

int on_progress(void* into, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto* const give_up = static_cast<Taken*>(into)->request.give_up;
  return give_up && give_up->load() ? 1 : 0;
}

}  // namespace

Result<HttpNowReply> http_now(const HttpNow& request) {
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(curl_easy_init(), curl_easy_cleanup);
  if (!handle) return fail(Errc::system, "libcurl does not start");
  CURL* const curl = handle.get();
  std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(nullptr, curl_slist_free_all);
  const auto add = [&](const char* line) { headers.reset(curl_slist_append(headers.release(), line)); };
  add("Connection: close");
  add("Expect:");
  for (const std::string& line : request.headers)
    add(line.c_str());
  Taken taken{request, {}};
  const auto set = [curl](CURLoption option, auto value) { curl_easy_setopt(curl, option, value); };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(CURLOPT_USERAGENT, "Dropwire/" DW_VERSION);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(request.within).count()));
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_HEADERFUNCTION, on_head);
  set(CURLOPT_HEADERDATA, &taken);
  set(CURLOPT_WRITEFUNCTION, on_body);
  set(CURLOPT_WRITEDATA, &taken);
  set(CURLOPT_NOPROGRESS, 0L);
  set(CURLOPT_XFERINFOFUNCTION, on_progress);
  set(CURLOPT_XFERINFODATA, &taken);
  if (!request.post.empty()) {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_POSTFIELDSIZE, static_cast<long>(request.post.size()));
    set(CURLOPT_POSTFIELDS, request.post.c_str());
  }
  const CURLcode code = curl_easy_perform(curl);
  if (taken.too_long)
    return fail(Errc::too_long, "the answer is longer than " + std::to_string(request.max_octets) + " octets");
  if (code != CURLE_OK) return fail(Errc::unavailable, curl_easy_strerror(code));
  HttpNowReply reply{0, std::move(taken.body)};
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
  return reply;
}

}  // namespace dw::net
