#include <doctest/doctest.h>

#include <string>

#include "sbc/admin/page.hpp"

using namespace dw::admin;

TEST_CASE("admin page: the policy allows what the page contains, and no other inline code") {
  // printf 'let a = 1;' | openssl dgst -sha256 -binary | base64
  const std::string policy = page_policy("<style>p{}</style><script>let a = 1;</script>");
  CHECK(policy.find("script-src 'sha256-xY6QKfH9PRsQnLz56nj6MBwiK5oHg+im1Jkpdp1x/Ck='") != std::string::npos);
  CHECK(policy.find("unsafe") == std::string::npos);
  CHECK(page_policy("<p>").find("script-src 'none'; style-src 'none'") != std::string::npos);
  CHECK(page_policy(page_html()).find("'none'; script-src 'sha256-") != std::string::npos);
}

TEST_CASE("admin page: loads nothing from elsewhere and never takes remote text for markup") {
  const std::string_view page = page_html();
  CHECK(page.starts_with("<!doctype html>"));
  for (const std::string_view bad : {"src=", "@import", "innerHTML", "insertAdjacent", "document.write", "eval(",
                                     " style=\"", " onclick=", "https://"}) {
    CAPTURE(bad);
    CHECK(page.find(bad) == std::string_view::npos);
  }
  for (const std::string_view good : {"lang=\"en\"", "<main id=", "role=\"status\"", "scope=\"col\"",
                                      "prefers-color-scheme", "/api/status", "/api/phones", "/api/events"}) {
    CAPTURE(good);
    CHECK(page.find(good) != std::string_view::npos);
  }
  CHECK(page.find("@DW_") == std::string_view::npos);
}
