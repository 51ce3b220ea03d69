// dropwire trace: the messages between one phone and the running daemon.
#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdio>
#include <memory>

#include "sbc/base/percent.hpp"
#include "sbc/daemon/commands.hpp"
#include "sbc/daemon/control_client.hpp"
#include "sbc/trace/pcapng.hpp"

namespace dw::commands {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// Writes whole blocks only, so that the file is valid whenever and however this ends.
class CaptureFile {
 public:
  explicit CaptureFile(File file) : file_(std::move(file)) {}
  bool take(Bytes piece) {
    waiting_.insert(waiting_.end(), piece.begin(), piece.end());
    const std::size_t whole = trace::whole_blocks(waiting_);
    if (whole == 0) return true;
    const bool good = std::fwrite(waiting_.data(), 1, whole, file_.get()) == whole && std::fflush(file_.get()) == 0;
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(whole));
    return good;
  }

 private:
  File file_;
  Buffer waiting_;
};

}  // namespace

int trace(const Ask& ask, const std::string& name, const std::string& file, unsigned seconds, std::uint64_t octets) {
  std::unique_ptr<CaptureFile> capture;
  bool closed = false, full = false;
  net::UnixHttpRequest request;
  request.target = fmt::format("/api/phones/{}/trace?format={}&seconds={}&octets={}", percent_encoded_path(name),
                               file.empty() ? "text" : "pcapng", seconds, octets);
  request.max_octets = 2 * octets + (1 << 20);
  request.timeout = std::chrono::seconds(seconds + 60);  // a phone may be silent for so long
  request.on_octets = [&](Bytes piece, std::optional<std::uint64_t>) {
    if (file.empty()) {
      say(std::string(as_text(piece)));
      return true;
    }
    if (!capture) {  // only now: a refusal leaves the file that is there
      umask(0077);   // passwords may be in it
      File opened(std::fopen(file.c_str(), "wbe"));
      closed = !opened;
      if (closed) return false;
      capture = std::make_unique<CaptureFile>(std::move(opened));
      fmt::print(stderr, "Writing what {} says to {}; Ctrl-C ends it.\n", name, file);
    }
    full = !capture->take(piece);
    return !full;
  };
  const auto reply = ControlClient(socket_of(ask)).ask(std::move(request));
  if (closed) return complain(fmt::format("can't write to {}", file));
  if (full) return complain(fmt::format("can't write to {}: is the disk full?", file));
  if (!reply) return complain(reply.error().text);
  if (reply->status != 200)
    return complain(fmt::format("Dropwire answered {}: {}", reply->status, error_in(*reply)),
                    reply->status == 404 ? kNo : kFailed);
  return kDone;
}

}  // namespace dw::commands
