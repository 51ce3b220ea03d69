#include "sbc/net/http_exchange.hpp"

#include <algorithm>
#include <utility>

#include "sbc/base/text_cursor.hpp"

namespace dw::net {
namespace {

/// RFC 9112 §3.2: "/path?query", or "http://host/path?query" as sent to a proxy.
std::string_view origin_form(std::string_view uri) {
  if (!starts_with_ignoring_case(uri, "http://")) return uri;
  const std::size_t slash = uri.find('/', 7);
  return slash == uri.npos ? std::string_view("/") : uri.substr(slash);
}

}  // namespace

static_assert(HttpBody::kUnknownSize == MHD_SIZE_UNKNOWN);

Exchange::Exchange(MHD_Connection* connection, Timer& turn, std::string_view uri, const Endpoint& peer,
                   const Endpoint& local)
    : connection_(connection), turn_(turn), uri_(uri), peer_(peer), local_(local) {
  TextCursor cursor(origin_form(uri_));
  target_ = cursor.take_until("?");
  cursor.skip_char('?');
  query_ = cursor.rest();
}

std::string Exchange::header(const std::string& name) const {
  const char* value = connection_ ? MHD_lookup_connection_value(connection_, MHD_HEADER_KIND, name.c_str()) : nullptr;
  return value ? std::string(trim(value)) : std::string();
}

std::vector<std::pair<std::string, std::string>> Exchange::headers() const {
  std::vector<std::pair<std::string, std::string>> out;
  const auto keep = [](void* into, MHD_ValueKind, const char* name, const char* value) {
    static_cast<decltype(out)*>(into)->emplace_back(name ? name : "", value ? value : "");
    return MHD_YES;
  };
  if (connection_) MHD_get_connection_values(connection_, MHD_HEADER_KIND, keep, &out);
  return out;
}

bool Exchange::add_to_body(std::string_view more, std::size_t max) {
  if (more.size() > max - std::min(max, body_.size())) return false;
  body_ += more;
  return true;
}

void Exchange::reply(HttpReply reply) {
  if (reply_ || step_ == Step::over) return;
  reply_ = std::move(reply);
  resume();
}

void Exchange::wake() {
  if (reading_) woken_ = true;
  resume();
}

void Exchange::suspend() {
  suspended_ = true;
  MHD_suspend_connection(connection_);
}

void Exchange::resume() {
  if (!suspended_) return;
  suspended_ = false;
  last_wait_ = Clock::now();
  MHD_resume_connection(connection_);  // takes effect in the daemon's next turn
  turn_.arm_at({});
}

void Exchange::give_up() {
  given_up_ = true;
  resume();
}

bool Exchange::queue_reply() {
  if (given_up_) return false;
  step_ = Step::answering;
  last_wait_ = Clock::now();
  MHD_Response* response =
      body_size() == 0 || !reply_->stream
          ? MHD_create_response_from_buffer(reply_->text.size(), reply_->text.data(), MHD_RESPMEM_MUST_COPY)
          : MHD_create_response_from_callback(reply_->stream->size, HttpServer::kBlock, read_body, this, nullptr);
  if (!response) return false;
  for (const auto& [name, value] : reply_->headers)
    MHD_add_response_header(response, name.c_str(), value.c_str());  // rejects values with line ends
  const bool queued = MHD_queue_response(connection_, reply_->status, response) == MHD_YES;
  MHD_destroy_response(response);  // the connection has its own reference
  return queued;
}

ssize_t Exchange::read_body(void* self, std::uint64_t position, char* into, std::size_t max) {
  auto& exchange = *static_cast<Exchange*>(self);
  exchange.octets_out_ = position;  // everything before it was passed to the kernel
  if (exchange.given_up_) return MHD_CONTENT_READER_END_WITH_ERROR;
  exchange.reading_ = true;
  exchange.woken_ = false;
  const long count =
      exchange.reply_->stream->read(position, MutableBytes(static_cast<std::uint8_t*>(static_cast<void*>(into)), max));
  exchange.reading_ = false;
  if (count > 0 && static_cast<std::size_t>(count) <= max) return count;
  if (count == HttpBody::kEnd && exchange.reply_->stream->size == HttpBody::kUnknownSize)
    return MHD_CONTENT_READER_END_OF_STREAM;
  if (count != HttpBody::kWait) return MHD_CONTENT_READER_END_WITH_ERROR;
  exchange.suspend();
  if (exchange.woken_) exchange.resume();
  return 0;
}

void Exchange::end(bool whole, bool notify) {
  if (step_ == Step::over) return;
  if (whole && reply_ && method_ != "HEAD" && body_size() != HttpBody::kUnknownSize) octets_out_ = body_size();
  step_ = Step::over;
  connection_ = nullptr;
  place_ = nullptr;
  suspended_ = false;
  // The caller's objects may own this exchange, or drop it: so they go last.
  const auto reply = std::exchange(reply_, std::nullopt);
  const auto callback = std::exchange(on_end_, nullptr);
  if (notify && callback) callback(whole, octets_out_);
}

}  // namespace dw::net
