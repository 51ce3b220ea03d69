#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sbc/base/bytes.hpp"
#include "tftp-proxy/core/splice.hpp"

namespace dw::provisioning {

/// Where a phone's services and directories are: a URL without its path.
struct ServicePlace {
  bool https = false;
  std::string host;  ///< no brackets
  std::uint16_t port = 0;

  std::string to_url() const;  ///< "http://pbx.example.net:8080", without "/" at its end
  friend bool operator==(const ServicePlace&, const ServicePlace&) = default;
};

/// Signs the text of a place with a key that Dropwire alone has: lower-case hex digits. So the door fetches from places
/// that a config or a page of the operator named, and is no open proxy.
using PlaceSigner = std::function<std::string(std::string_view)>;

/// The first segment of a path that leads to a place: "/~0123456789abcdef~http~pbx.example.net~8080". No file's name
/// begins so.
std::string place_path(const ServicePlace& place, const PlaceSigner& sign);

struct PlacedPath {
  ServicePlace place;
  std::string_view rest;  ///< the path there, with its "/"
};
/// Nothing when the path is not of that form or somebody else made it.
std::optional<PlacedPath> parse_placed_path(std::string_view path, const PlaceSigner& sign);

/// The place that an absolute http or https URL names, and where what follows the authority begins. Nothing for other
/// URLs.
struct SplitUrl {
  ServicePlace place;
  std::string_view userinfo;  ///< with its "@", or empty
  std::string_view rest;      ///< path, query and fragment; may be empty
};
std::optional<SplitUrl> split_url(std::string_view url);

/// Longest page whose links are looked at; phones take far less.
inline constexpr std::size_t kMaxPhoneObject = 512 * 1024;
/// One of Cisco's XML objects for phones (CiscoIPPhoneMenu and the like), by its root element.
bool is_phone_object(Bytes body);

/// Edits of the links in such an object: values of <URL> and <URLDown> elements and of URL and onApp… attributes.
/// `move` is given each http or https URL, or path that begins with "/", as spelt there (entities kept), and gives what
/// stands there from now on, or nothing. Text that phones show, and namespaces, are no links.
std::vector<Edit> link_edits(Bytes body, const std::function<std::optional<std::string>(std::string_view)>& move);

/// "30; url=http://pbx/next.php" (the Refresh header of services): the offset and length of the URL in it.
std::optional<std::pair<std::size_t, std::size_t>> url_in_refresh(std::string_view value);

/// Whether a path and query that phones ask of a service may be asked upstream: printable ASCII, bounded, and no way
/// up.
inline constexpr std::size_t kMaxServiceTarget = 2048;
bool is_service_target(std::string_view path, std::string_view query);
/// The devices that a path and its query name (`name=SEP001122334455`), as they stand there, percent-decoded; at most
/// kMaxNamed.
std::vector<std::string> devices_named(std::string_view path, std::string_view query);
inline constexpr std::size_t kMaxNamedDevices = 16;
/// Whether one of the words of a path and its query is the name of a config or a trust list: those go the way of files.
bool names_config(std::string_view path, std::string_view query);

}  // namespace dw::provisioning
