#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>

#include "sbc/base/percent.hpp"
#include "sbc/daemon/commands.hpp"
#include "sbc/daemon/control_client.hpp"
#include "sbc/daemon/words.hpp"
#include "sbc/net/http_server.hpp"

/// `dropwire get`: one file through the running daemon's pipeline.
namespace dw::commands {
namespace {

constexpr std::uint64_t kMaxOctets = std::uint64_t{1} << 30;  // no origin's file may be larger

struct Close {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};

/// Where the octets go: stdout, or a file that gets its name once it is complete.
class Sink {
 public:
  explicit Sink(std::string path) : path_(std::move(path)), part_(path_ + ".part") {}
  ~Sink() {
    if (file_) (void)std::remove(part_.c_str());
  }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  bool to_terminal() const { return path_.empty() && isatty(STDOUT_FILENO) == 1; }

  Result<void> write(Bytes piece) {
    if (!path_.empty() && !file_) {
      file_.reset(std::fopen(part_.c_str(), "wbe"));
      if (!file_) return fail_errno(errno, "writing " + part_);
    }
    if (to_terminal() && std::ranges::find(piece, 0) != piece.end()) {
      return fail(Errc::invalid, "the file is not text: name one to write it to with -o");
    }
    if (piece.empty()) return {};  // fwrite takes no null pointer, not even for nothing
    std::FILE* out = path_.empty() ? stdout : file_.get();
    if (std::fwrite(piece.data(), 1, piece.size(), out) != piece.size()) return fail_errno(errno, "writing");
    return {};
  }

  Result<void> finish() {
    if (path_.empty()) return std::fflush(stdout) == 0 ? Result<void>() : fail_errno(errno, "writing");
    if (const auto opened = write({}); !opened) return opened;  // an empty file is a file
    if (std::fclose(file_.release()) != 0 || std::rename(part_.c_str(), path_.c_str()) != 0) {
      const int reason = errno;
      (void)std::remove(part_.c_str());
      return fail_errno(reason, "writing " + path_);
    }
    return {};
  }

 private:
  std::string path_, part_;
  std::unique_ptr<std::FILE, Close> file_;
};

/// One line on stderr if that is a terminal, rewritten at most ten times a second.
class Progress {
 public:
  Progress(std::string name, bool wanted) : name_(std::move(name)), wanted_(wanted) {}
  ~Progress() {
    if (shown_) fmt::print(stderr, "\r\033[K");
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void at(std::uint64_t octets, std::optional<std::uint64_t> length) {
    const TimePoint now = Clock::now();
    if (!wanted_ || now < next_) return;
    next_ = now + std::chrono::milliseconds(100);
    shown_ = true;
    std::string line = fmt::format("{}  {}", name_, words::octets(octets));
    if (length && *length > 0) line += fmt::format(" of {}  {} %", words::octets(*length), octets * 100 / *length);
    fmt::print(stderr, "\r{}\033[K", line);
  }

 private:
  std::string name_;
  bool wanted_;
  bool shown_ = false;
  TimePoint next_{};
};

}  // namespace

int get(const Ask& ask, const std::string& name, const std::string& output) {
  Sink sink(output);
  std::uint64_t octets = 0;
  std::string trouble;
  net::UnixHttpRequest request;
  request.target = "/api/files/" + percent_encoded_path(name);
  request.max_octets = kMaxOctets;
  Result<net::UnixHttpReply> reply = fail(Errc::invalid, "");
  {
    Progress progress(words::printable(name), isatty(STDERR_FILENO) == 1 && !sink.to_terminal());
    request.on_octets = [&](Bytes piece, std::optional<std::uint64_t> length) {
      const auto written = sink.write(piece);
      if (!written) trouble = written.error().text;
      octets += piece.size();
      progress.at(octets, length);
      return written.has_value();
    };
    reply = ControlClient(socket_of(ask)).ask(std::move(request));
  }
  if (!trouble.empty()) return complain(trouble);
  if (!reply) return complain(reply.error().text);
  if (reply->status != 200) {
    const bool no = reply->status == 404 || reply->status == 403 || reply->status == 503;
    return complain(fmt::format("{}: {}", words::printable(name), error_in(*reply)), no ? kNo : kFailed);
  }
  if (const auto finished = sink.finish(); !finished) return complain(finished.error().text);
  if (!output.empty() && isatty(STDERR_FILENO) == 1) fmt::print(stderr, "{}: {}\n", output, words::octets(octets));
  return kDone;
}

}  // namespace dw::commands
