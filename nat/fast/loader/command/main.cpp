#include <fmt/core.h>
#include <pwd.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <string_view>

#include "nat/fast/loader/loader.hpp"
#include "nat/fast/loader/say.hpp"
#include "sbc/net/notify.hpp"

namespace {

using namespace dw::nat::fast;

constexpr int kWrongUse = 2;  // the unit does not start it again
constexpr const char* kUsage =
    "Usage: dropwire-fast [--user NAME] [--directory DIRECTORY]\n"
    "       dropwire-fast --detach\n"
    "Loads Dropwire's program for media into the kernel while Dropwire is connected to DIRECTORY/maps.\n"
    "  --user NAME            who may connect, beside root (dropwire)\n"
    "  --directory DIRECTORY  where the socket is ($RUNTIME_DIRECTORY, else /run/dropwire-fast)\n"
    "  --detach               removes from all interfaces what a run that was killed has left, and ends\n"
    "  --version, --help\n";

struct Arguments {
  std::string user = "dropwire";
  std::string directory = "/run/dropwire-fast";
  bool detach = false, help = false, version = false;
};

std::optional<Arguments> read_arguments(std::span<const char* const> words) {
  Arguments out;
  if (const char* given = std::getenv("RUNTIME_DIRECTORY")) out.directory = given;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const bool takes_value = word == "--user" || word == "--directory";
    if (takes_value && i + 1 == words.size()) return std::nullopt;
    if (word == "--user")
      out.user = words[++i];
    else if (word == "--directory")
      out.directory = words[++i];
    else if (word == "--detach")
      out.detach = true;
    else if (word == "--version")
      out.version = true;
    else if (word == "--help")
      out.help = true;
    else
      return std::nullopt;
  }
  return out;
}

int detach() {
  const auto left = remove_all_left();
  if (!left) {
    say(Urgency::error, "{}", left.error().text);
    return EXIT_FAILURE;
  }
  for (const std::string& name : *left)
    say(Urgency::notice, "removed from {}", name);
  return EXIT_SUCCESS;
}

int run(const Arguments& arguments) {
  const passwd* const user = getpwnam(arguments.user.c_str());
  if (!user) {
    say(Urgency::error, "there is no user {}", arguments.user);
    return kWrongUse;
  }
  auto loader = Loader::open({arguments.directory, user->pw_uid, &dw::net::notify_systemd});
  if (!loader) {
    say(Urgency::error, "{}", loader.error().text);
    return EXIT_FAILURE;
  }
  (*loader)->run();
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = read_arguments({argv, static_cast<std::size_t>(argc)});
  if (!arguments || arguments->help) {
    std::fputs(kUsage, arguments ? stdout : stderr);
    return arguments ? EXIT_SUCCESS : kWrongUse;
  }
  if (arguments->version) {
    fmt::print("dropwire-fast {}\n", DW_VERSION);
    return EXIT_SUCCESS;
  }
  return arguments->detach ? detach() : run(*arguments);
}
