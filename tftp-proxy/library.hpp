#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sbc/base/endpoint.hpp"
#include "tftp-proxy/core/content.hpp"
#include "tftp-proxy/core/name_budget.hpp"

namespace dw::provisioning {

enum class Transport { tftp, http, control };
std::string_view to_string(Transport transport);

/// A request for one file. `name` has passed `parse_file_name` (core/file_name.hpp): a normalised opaque key.
struct FileRequest {
  std::string name;
  Endpoint peer;    ///< who asks, as seen from here
  IpAddress local;  ///< the address of ours that was asked: what the phone gets by `advertise = "auto"`
  Transport transport = Transport::tftp;
};

/// A page of a service that a phone's browser asks for: octets as they came.
struct ServiceRequest {
  std::string_view path, query;  ///< still percent-encoded
  Endpoint peer;
  IpAddress local;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Where the servers get files from: the whole pipeline (memory, disk cache, origins, rewriting) behind one
/// call. Never blocks; the content may still be waiting. Dropping the content means that it is no longer wanted.
class Library {
 public:
  virtual ~Library() = default;
  virtual ContentPtr open(const FileRequest& request) = 0;
  /// Whether this asks for a page of a service; else it is a file's name.
  virtual bool is_service(const ServiceRequest&) const { return false; }
  /// For requests that is_service() accepts. Never kept for another phone.
  virtual ContentPtr open_service(const ServiceRequest&) {
    return Content::failure({Errc::not_found, "there are no services"});
  }
  /// The servers ask it before they open a name. Null: any name may be tried.
  virtual NameBudget* names() { return nullptr; }
};

}  // namespace dw::provisioning
