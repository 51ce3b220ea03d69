#pragma once
#include <sys/types.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "nat/fast/core/interfaces.hpp"
#include "nat/fast/loader/netlink.hpp"
#include "nat/fast/loader/program.hpp"
#include "sbc/base/time.hpp"

namespace dw::nat::fast {

/// The socket where the daemon gets the maps. While one is connected the program is in the kernel, attached to whatever
/// interfaces there are; when it goes, so does the program. It reads nothing from anybody. One thread, which waits in
/// run().
class Loader {
 public:
  struct Options {
    std::string directory;  ///< of the socket ("maps") and of what the verifier said ("verifier.log")
    uid_t user = 0;         ///< who may connect, beside root
    std::function<void(std::string_view)> notify = [](std::string_view) {};  ///< systemd, as sd_notify(3)
  };
  static Result<std::unique_ptr<Loader>> open(Options options);
  ~Loader();
  Loader(const Loader&) = delete;

  /// Until SIGTERM or SIGINT.
  void run();

 private:
  explicit Loader(Options options, LinkNews news) : options_(std::move(options)), news_(std::move(news)) {}
  Result<void> listen();
  void on_knock();
  void serve(net::Descriptor client);
  void load();
  void leave();
  /// Looks what interfaces there are, and attaches and detaches the program.
  void look();
  void check_attached();
  void keep_log(const std::string& log) const;
  LoaderReport report() const;
  void send_changes();
  void show_status() const;
  std::string socket_path() const { return options_.directory + "/maps"; }

  const Options options_;
  LinkNews news_;
  net::Descriptor listener_, signals_, client_;
  std::unique_ptr<Program> program_;  ///< while there is a client, unless the kernel refused it
  std::string refused_;
  Interfaces interfaces_;
  LoaderReport sent_;
  TimePoint deaf_until_{};  ///< to news
};

/// Removes what a loader that was killed left in the kernel; the names of the interfaces where that was.
Result<std::vector<std::string>> remove_all_left();

}  // namespace dw::nat::fast
