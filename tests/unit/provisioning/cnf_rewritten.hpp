#pragma once
#include <pugixml.hpp>
#include "tests/unit/provisioning/cnf_support.hpp"
#include "tftp-proxy/core/trust_list.hpp"

/// Rewriting whole files.
namespace dw::cnf_rewrite_test {

using namespace dw::provisioning;

using O = RewriteOptions;

inline Rewritten rewrite_xml_text(const std::string& xml, const RewriteOptions& options = edge_at()) {
  return rewrite_cnf("SEP001122334455.cnf.xml", as_bytes(xml), options);
}

/// Some members around a call server's element.
inline std::string with_server(const std::string& element) {
  return "<device><devicePool><callManagerGroup><members><member priority=\"0\"><callManager>" + element +
         "</callManager></member></members></callManagerGroup></devicePool></device>";
}

inline std::vector<RewriteOptions> policies() {
  std::vector<RewriteOptions> out = {edge_at(), RewriteOptions::hosted()};
  out.back().host = "198.51.100.7";
  for (const Action action : {Action::rewrite, Action::drop}) {
    out.push_back(edge_at("2001:db8::7"));
    for (const RewriteGroup& group : rewrite_groups())
      out.back().*group.action = action;
  }
  return out;
}

}  // namespace dw::cnf_rewrite_test
