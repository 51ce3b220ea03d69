// What PhoneHttpServer answers, once it is known what the file is.
#include <algorithm>
#include <array>
#include <chrono>

#include "tftp-proxy/core/fetch_policy.hpp"
#include "tftp-proxy/core/http_semantics.hpp"
#include "tftp-proxy/http_download.hpp"

namespace dw::provisioning {
namespace {

using phones::FileOutcome;

constexpr std::size_t kMaxTagged = 256 * 1024;  ///< octets of a file that are hashed into an ETag

/// FNV-1a, 64 bits. An ETag distinguishes versions of one file; it does not defend against anybody.
std::uint64_t fingerprint(Bytes octets) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const std::uint8_t octet : octets)
    hash = (hash ^ octet) * 0x100000001b3ULL;
  return hash;
}

/// The Library's tag, which is another one for a rewritten form; a small file without one is tagged by its
/// octets.
Validators validators_of(const Content& content) {
  Validators out;
  const ContentMeta& meta = content.meta();
  if (is_entity_tag(meta.etag)) {
    out.etag = meta.etag;
  } else if (content.state() == Content::State::complete && content.octets().size() <= kMaxTagged) {
    out.etag = fmt::format("\"{:016x}-{:x}\"", fingerprint(content.octets()), content.octets().size());
  }
  if (parse_http_date(meta.last_modified)) out.last_modified = meta.last_modified;
  return out;
}

unsigned status_of(Errc code) {
  switch (code) {
    case Errc::not_found:
    case Errc::not_admitted:
      return 404;
    case Errc::forbidden:
      return 403;
    default:
      return 503;
  }
}

std::string_view words_for_strangers(unsigned status) {
  return status == 404   ? "There is no such file.\n"
         : status == 403 ? "This file is not given out.\n"
                         : "The file is not available now.\n";
}

/// Of what status_of() gives.
FileOutcome outcome_of(unsigned status) {
  return status == 404 ? FileOutcome::not_found : status == 403 ? FileOutcome::forbidden : FileOutcome::unavailable;
}

long read_content(const Content& content, std::uint64_t offset, std::uint64_t size, MutableBytes into) {
  const auto ready = sendable(content, offset, size);
  if (!ready) return net::HttpBody::kAbort;
  if (ready->empty()) return net::HttpBody::kWait;
  const Bytes part = ready->first(std::min(ready->size(), into.size()));
  std::ranges::copy(part, into.begin());
  return static_cast<long>(part.size());
}

}  // namespace

/// Answers as soon as what is known of the content allows; later changes wake the body's reader.
void PhoneHttpServer::consider(Download& download) {
  if (download.answered) return download.exchange->wake();
  const Content& content = *download.content;
  if (content.state() == Content::State::failed) {
    const unsigned status = status_of(content.error().code);
    const bool kept_out = content.error().code == Errc::not_admitted;
    return refuse(download, status, kept_out ? FileOutcome::not_admitted : outcome_of(status), content.error().text);
  }
  if (download.is_page) return begin_page(download);
  if (content.state() != Content::State::waiting && content.size()) begin(download);
}

void PhoneHttpServer::begin(Download& download) {
  const std::uint64_t size = *download.content->size();
  const Validators validators = validators_of(*download.content);
  const auto& exchange = *download.exchange;
  const std::array fields = {exchange.header("If-Match"),          exchange.header("If-None-Match"),
                             exchange.header("If-Modified-Since"), exchange.header("If-Unmodified-Since"),
                             exchange.header("If-Range"),          exchange.header("Range")};
  const Selection selection = select_octets(
      !download.is_head, {fields[0], fields[1], fields[2], fields[3], fields[4], fields[5]}, validators, size);

  net::HttpReply reply;
  reply.status = selection.status;
  download.step.size = size;
  download.step.outcome = FileOutcome::sent;
  download.step.error_code = static_cast<std::uint16_t>(selection.status);
  download.step.detail = "from " + download.content->meta().origin;
  if (!validators.etag.empty()) reply.headers.emplace_back("ETag", validators.etag);
  if (!validators.last_modified.empty()) reply.headers.emplace_back("Last-Modified", validators.last_modified);
  reply.headers.emplace_back("Accept-Ranges", "bytes");
  const bool fixed = is_common(cache_class(download.step.name, false));
  reply.headers.emplace_back("Cache-Control", fixed ? "no-cache" : "no-store");
  switch (selection.status) {
    case 416:
      return refuse(download, 416, FileOutcome::refused, "The range asked for lies beyond the file's end.");
    case 412:
      return refuse(download, 412, FileOutcome::refused, "The file is not in the state that was asked for.");
    case 304:
      download.step.detail = "unchanged since the phone last had it";
      return send(download, std::move(reply));
    case 206:
      reply.headers.emplace_back(
          "Content-Range", fmt::format("bytes {}-{}/{}", selection.first, selection.first + selection.count - 1, size));
      download.step.detail +=
          fmt::format(", octets {}-{} of {}", selection.first, selection.first + selection.count - 1, size);
      break;
    default:
      break;
  }
  reply.headers.emplace_back("Content-Type", content_type_of(download.step.name, download.content->octets()));
  reply.stream = net::HttpBody{
      selection.count, [content = download.content, size, selection](std::uint64_t offset, MutableBytes into) {
        const auto left = static_cast<std::size_t>(selection.count - std::min(offset, selection.count));
        return read_content(*content, selection.first + offset, size, into.first(std::min(into.size(), left)));
      }};
  send(download, std::move(reply));
}

void PhoneHttpServer::give_up_waiting(Download& download) {
  if (download.answered) return;
  refuse(download, 503, FileOutcome::unavailable,
         fmt::format("The file did not arrive from the origin within {}.", to_words(options_.first_answer)));
}

void PhoneHttpServer::refuse(Download& download, unsigned status, FileOutcome outcome, std::string text) {
  net::HttpReply reply;
  reply.status = status;
  reply.headers = {{"Content-Type", "text/plain; charset=utf-8"}, {"Cache-Control", "no-store"}};
  if (status == 405) reply.headers.emplace_back("Allow", "GET, HEAD");
  if (status == 416 && download.content && download.content->size())
    reply.headers.emplace_back("Content-Range", fmt::format("bytes */{}", *download.content->size()));
  if (status == 503) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(options_.retry_after).count();
    reply.headers.emplace_back("Retry-After", fmt::format("{}", seconds));
  }
  // Whose words they are, and where we get files from, is for the story: anybody may ask here.
  const bool ours = !download.content || download.content->state() != Content::State::failed;
  reply.text =
      ours ? fmt::format("{} ({})\n", text, escaped(download.step.name)) : std::string(words_for_strangers(status));
  download.step.outcome = outcome;
  download.step.error_code = static_cast<std::uint16_t>(status);
  download.step.detail = std::move(text);
  if (status != 404) {
    refused_log_.info("event=http_refused peer={} status={} file=\"{}\" reason=\"{}\"", download.step.peer.to_string(),
                      status, escaped(download.step.name), escaped(download.step.detail));
  }
  send(download, std::move(reply));
}

void PhoneHttpServer::send(Download& download, net::HttpReply reply) {
  download.answered = true;
  download.deadline.reset();
  ++answers_[reply.status];
  if (tap_->on()) {
    std::string head = fmt::format("HTTP/1.1 {} Answer\r\n", reply.status);
    for (const auto& [name, value] : reply.headers)
      head += fmt::format("{}: {}\r\n", name, value);
    // The body is not shown, so its length would mislead whoever reads the capture.
    head += fmt::format("X-Body-Octets: {}\r\nContent-Length: 0\r\n\r\n",
                        reply.stream ? reply.stream->size : reply.text.size());
    tap(*download.exchange, true, head);
  }
  const auto exchange = download.exchange;  // its end may come within reply(), and takes the download with it
  exchange->reply(std::move(reply));
}

void PhoneHttpServer::begin_page(Download& download) {
  const Content& content = *download.content;
  if (content.state() != Content::State::complete) return;
  if (NameBudget* const names = library_.names()) names->exists(loop_.now(), download.step.name);
  net::HttpReply reply;
  reply.headers = content.meta().headers;
  reply.text = std::string(as_text(content.octets()));
  download.step.outcome = FileOutcome::sent;
  send(download, std::move(reply));
}

}  // namespace dw::provisioning
