#include "sbc/net/http_client.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>
#include <map>
#include <utility>

#include "sbc/base/text_cursor.hpp"
#include "sbc/net/log.hpp"
#include "sbc/net/poll.hpp"
#include "sbc/net/timer.hpp"

namespace dw::net {
namespace {

constexpr std::size_t kMaxHeadValue = 1024;  // characters of an ETag, a date, a type
constexpr std::size_t kMaxKept = 32;         // extra header fields kept of one answer
constexpr long kReceiveBuffer = 64 * 1024;
constexpr long kUnauthorised = 401;

long whole_seconds(Duration d) {
  return std::max<long>(1, static_cast<long>(std::chrono::ceil<std::chrono::seconds>(d).count()));
}

long milliseconds(Duration d) {
  return std::max<long>(1, static_cast<long>(std::chrono::ceil<std::chrono::milliseconds>(d).count()));
}

/// A header's value as we keep it: empty if it is too long or has control characters.
std::string plain(std::string_view value) {
  const bool fine = value.size() <= kMaxHeadValue && std::ranges::none_of(value, [](char c) {
                      return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
                    });
  return fine ? std::string(value) : std::string();
}

void take_header(HttpHead& head, std::string_view line, const std::vector<std::string>& keep) {
  TextCursor cursor(line);
  const std::string_view name = cursor.take_until(":");
  if (!cursor.skip_char(':')) return;
  const std::string_view value = trim(cursor.rest());
  if (equal_ignoring_case(name, "ETag")) head.etag = plain(value);
  if (equal_ignoring_case(name, "Last-Modified")) head.last_modified = plain(value);
  if (equal_ignoring_case(name, "Content-Type")) head.content_type = plain(value);
  if (equal_ignoring_case(name, "Content-Length"))
    head.length = parse_number(value, std::numeric_limits<std::int64_t>::max());
  const auto is_it = [&](const std::string& wanted) { return equal_ignoring_case(wanted, name); };
  if (head.kept.size() < kMaxKept && std::ranges::any_of(keep, is_it)) head.kept.emplace_back(name, plain(value));
}

/// One GET. Its easy handle is in the multi handle from start to end; its callbacks live until it is removed, which
/// never happens inside libcurl.
struct Job {
  Job(const HttpClient::Request& r, HttpClient::Callbacks c) : request(r), callbacks(std::move(c)) {}
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job() {
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
  }
  void set_up(const HttpClient::Options& options);
  bool take_header_line(std::string_view line);
  bool take_octets(Bytes octets);
  Result<void> result(CURLcode code) const;

  HttpClient::Request request;
  HttpClient::Callbacks callbacks;
  CURL* easy = curl_easy_init();
  curl_slist* headers = nullptr;
  std::array<char, CURL_ERROR_SIZE> words{};
  HttpHead head;
  bool head_reported = false;
  bool head_waits = false;  ///< a 401, which libcurl may answer with credentials: reported only if it does not
  bool chunked = false;
  bool packed = false;  ///< it has a Content-Encoding, which was not requested
  std::uint64_t octets_in = 0;
  bool too_long = false;
  bool cancelled = false;
};

std::size_t on_header_line(char* text, std::size_t, std::size_t size, void* job) {
  return static_cast<Job*>(job)->take_header_line({text, size}) ? size : 0;
}

std::size_t on_octets(char* text, std::size_t, std::size_t size, void* job) {
  return static_cast<Job*>(job)->take_octets(as_bytes({text, size})) ? size : 0;
}

void Job::set_up(const HttpClient::Options& options) {
  if (!easy) {
    spdlog::critical("event=http_client_failed libcurl gives no handle (out of memory?)");
    std::abort();
  }
  const auto set = [this](CURLoption option, auto value) { curl_easy_setopt(easy, option, value); };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_ACCEPT_ENCODING, "identity");  // but decode an answer that is encoded anyway
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_HTTPAUTH, long{CURLAUTH_BASIC | CURLAUTH_DIGEST});  // of the URL's user and password, as the server asks
  set(CURLOPT_PROXY, "");                                         // ignore the environment
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_1_1});
  set(CURLOPT_USERAGENT, "Dropwire/" DW_VERSION);
  set(CURLOPT_BUFFERSIZE, kReceiveBuffer);
  set(CURLOPT_ERRORBUFFER, words.data());
  set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds(request.connect_timeout));
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, whole_seconds(request.stall_timeout));
  set(CURLOPT_HEADERFUNCTION, on_header_line);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_WRITEFUNCTION, on_octets);
  set(CURLOPT_WRITEDATA, this);
  if (request.from != 0) set(CURLOPT_RANGE, (std::to_string(request.from) + "-").c_str());
  for (const std::string& line : request.headers)
    headers = curl_slist_append(headers, line.c_str());
  set(CURLOPT_HTTPHEADER, headers);
  if (!options.ca_file.empty()) {
    set(CURLOPT_CAINFO, options.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));  // only `ca_file`
  }
}

/// One header line at a time; the first is the status line, the last is empty; the same for interim answers (1xx).
bool Job::take_header_line(std::string_view line) {
  if (cancelled) return false;
  if (head_reported) return true;  // a trailer
  if (starts_with_ignoring_case(line, "HTTP/")) {
    head = {};
    head_waits = false;
    chunked = packed = false;
    TextCursor cursor(line);
    cursor.take_token();
    cursor.skip_blanks();
    head.status = static_cast<long>(cursor.take_number(999).value_or(0));
    return true;
  }
  if (!trim(line).empty()) {
    take_header(head, line, request.keep);
    if (starts_with_ignoring_case(line, "Transfer-Encoding:")) chunked = true;
    if (starts_with_ignoring_case(line, "Content-Encoding:")) packed = !contains_ignoring_case(line, "identity");
    return true;
  }
  if (head.status < 200) return true;
  head_waits = head.status == kUnauthorised;
  if (head_waits) return true;
  head.chunked = chunked || (packed && head.length);
  head.packed = packed;
  if (head.chunked)
    head.length.reset();  // RFC 9112 §6.3: the chunks are the framing; or it is the length of the encoded form
  head_reported = true;
  too_long = request.max_octets != 0 && head.length.value_or(0) > request.max_octets;
  if (callbacks.on_head) callbacks.on_head(head);
  return !cancelled && !too_long;
}

bool Job::take_octets(Bytes octets) {
  if (head_waits) return !cancelled;
  octets_in += octets.size();
  too_long = request.max_octets != 0 && octets_in > request.max_octets;
  if (cancelled || too_long) return false;
  if (callbacks.on_octets) callbacks.on_octets(octets);
  return !cancelled;
}

Result<void> Job::result(CURLcode code) const {
  if (too_long)
    return fail(Errc::too_long, "the answer is longer than " + std::to_string(request.max_octets) + " octets");
  // libcurl takes a connection that closes within the head for the end of an answer.
  if (code == CURLE_OK && !head_reported && !head_waits)
    return fail(Errc::unavailable, "the answer broke off in its head");
  if (code == CURLE_OK) return {};
  const bool has_words = words.front() != '\0';
  return fail(Errc::unavailable, has_words ? std::string(words.data()) : curl_easy_strerror(code));
}

}  // namespace

/// The multi handle, the descriptors and the timer that it needs, and the jobs. libcurl must not be called from its own
/// callbacks: what they ask for (a get, a cancel, the end) is kept in flags until it has returned.
struct HttpClient::State : std::enable_shared_from_this<HttpClient::State> {
  State(Loop& l, const Options& o) : loop(l), options(o), timer(l, [this] { act(CURL_SOCKET_TIMEOUT, 0); }) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { clean_up(); }

  void open();
  void start(const std::shared_ptr<Job>& job);
  void cancel(const std::shared_ptr<Job>& job);
  void close();

  void act(curl_socket_t descriptor, int events);
  void settle();
  void add_new();
  void remove(Job& job);
  void clean_up();
  void watch(curl_socket_t descriptor, int what);
  static int on_socket(CURL*, curl_socket_t descriptor, int what, void* self, void*) {
    static_cast<State*>(self)->watch(descriptor, what);
    return 0;
  }
  static int on_timer(CURLM*, long wait_ms, void* self);

  Loop& loop;
  Options options;
  Timer timer;
  CURLM* multi = nullptr;
  bool in_curl = false;
  bool closed = false;
  std::map<curl_socket_t, Poll> polls;
  std::map<CURL*, std::shared_ptr<Job>> jobs;
  std::vector<std::shared_ptr<Job>> fresh;  // requested inside libcurl
};

void HttpClient::State::open() {
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  multi = curl_multi_init();
  if (once != CURLE_OK || !multi) {
    spdlog::critical("event=http_client_failed libcurl could not be set up");
    std::abort();
  }
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &State::on_socket);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &State::on_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(options.max_connections));
  curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, static_cast<long>(options.max_per_host));
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(options.max_connections));
}

void HttpClient::State::watch(curl_socket_t descriptor, int what) {
  if (what == CURL_POLL_REMOVE) {
    polls.erase(descriptor);
    return;
  }
  auto found = polls.find(descriptor);
  if (found == polls.end()) {
    const auto on_events = [this, descriptor](Poll::Events events) {
      act(descriptor, (events.readable ? CURL_CSELECT_IN : 0) | (events.writable ? CURL_CSELECT_OUT : 0));
    };
    found = polls.emplace(descriptor, Poll(loop, descriptor, on_events)).first;
  }
  found->second.watch({.readable = (what & CURL_POLL_IN) != 0, .writable = (what & CURL_POLL_OUT) != 0});
}

int HttpClient::State::on_timer(CURLM*, long wait_ms, void* self) {
  auto& state = *static_cast<State*>(self);
  if (wait_ms < 0) {
    state.timer.cancel();
  } else {
    state.timer.arm_after(std::chrono::milliseconds(wait_ms));
  }
  return 0;
}

void HttpClient::State::act(curl_socket_t descriptor, int events) {
  const std::shared_ptr<State> alive = shared_from_this();
  int running = 0;
  in_curl = true;
  curl_multi_socket_action(multi, descriptor, events, &running);
  in_curl = false;
  settle();
}

/// After libcurl has returned: removes finished jobs, adds new ones, and reports the ends.
void HttpClient::State::settle() {
  std::vector<std::pair<std::shared_ptr<Job>, CURLcode>> over;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (const auto found = jobs.find(message->easy_handle); message->msg == CURLMSG_DONE && found != jobs.end())
      over.emplace_back(found->second, message->data.result);
  }
  for (const auto& [easy, job] : jobs) {
    if (job->cancelled) over.emplace_back(job, CURLE_OK);
  }
  for (const auto& [job, code] : over)
    remove(*job);
  if (closed) return clean_up();
  add_new();
  for (const auto& [job, code] : over) {
    const Callbacks callbacks = std::exchange(job->callbacks, {});  // may own the object that holds the transfer
    if (!closed && !job->cancelled && job->head_waits && code == CURLE_OK && callbacks.on_head)
      callbacks.on_head(job->head);
    if (!closed && !job->cancelled && callbacks.on_end) callbacks.on_end(job->result(code));
  }
}

void HttpClient::State::remove(Job& job) {
  if (jobs.erase(job.easy) != 0) curl_multi_remove_handle(multi, job.easy);
}

void HttpClient::State::start(const std::shared_ptr<Job>& job) {
  fresh.push_back(job);
  if (!in_curl) add_new();
}

void HttpClient::State::add_new() {
  for (const auto& job : std::exchange(fresh, {})) {
    if (job->cancelled) continue;
    job->set_up(options);
    jobs.emplace(job->easy, job);
    curl_multi_add_handle(multi, job->easy);
  }
}

void HttpClient::State::cancel(const std::shared_ptr<Job>& job) {
  job->cancelled = true;
  if (!in_curl && multi) remove(*job);
}

void HttpClient::State::close() {
  closed = true;
  for (const auto& [easy, job] : jobs)
    job->cancelled = true;
  for (const auto& job : fresh)
    job->cancelled = true;
  if (!in_curl) clean_up();
}

void HttpClient::State::clean_up() {
  if (!multi) return;
  while (!jobs.empty())
    remove(*std::shared_ptr<Job>(jobs.begin()->second));
  fresh.clear();
  curl_multi_cleanup(std::exchange(multi, nullptr));
  polls.clear();
  timer.cancel();
}

namespace {

class Running final : public HttpClient::Transfer {
 public:
  explicit Running(std::function<void()> cancel) : cancel_(std::move(cancel)) {}
  ~Running() override { cancel_(); }

 private:
  std::function<void()> cancel_;
};

}  // namespace

HttpClient::HttpClient(Loop& loop, const Options& options) : state_(std::make_shared<State>(loop, options)) {
  state_->open();
}

HttpClient::~HttpClient() {
  state_->close();
}

std::unique_ptr<HttpClient::Transfer> HttpClient::get(const Request& request, Callbacks callbacks) {
  const auto job = std::make_shared<Job>(request, std::move(callbacks));
  state_->start(job);
  return std::make_unique<Running>([job, weak = std::weak_ptr(state_)] {
    job->cancelled = true;
    if (const auto state = weak.lock()) state->cancel(job);
  });
}

}  // namespace dw::net
