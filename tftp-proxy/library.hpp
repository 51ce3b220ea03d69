#pragma once
#include <string>

#include "sbc/base/endpoint.hpp"
#include "tftp-proxy/core/content.hpp"
#include "tftp-proxy/core/name_budget.hpp"

namespace dw::provisioning {

enum class Transport { tftp, http, control };
std::string_view to_string(Transport transport);

/// One file asked for. `name` has passed `parse_file_name` (core/file_name.hpp): a normalised opaque key.
struct FileRequest {
  std::string name;
  Endpoint peer;      ///< who asks, as seen from here
  IpAddress local;    ///< the address of ours that was asked: what `advertise = "auto"` tells the phone
  Transport transport = Transport::tftp;
};

/// Where the servers get files from: the whole pipeline (memory, disk cache, origins, rewriting) behind one
/// call. Never blocks; the content may still be waiting. Dropping the content is "no longer wanted".
class Library {
 public:
  virtual ~Library() = default;
  virtual ContentPtr open(const FileRequest& request) = 0;
  /// What the doors ask before they open a name. Null: any name may be tried.
  virtual NameBudget* names() { return nullptr; }
};

}  // namespace dw::provisioning
