#pragma once
#include "sbc/net/http_server.hpp"

/// What a request's headers say about where it comes from.
namespace dw::admin {

/// GET or HEAD.
bool reads(const net::HttpExchange& exchange);
/// A proxy forwarded it, so its peer is not the client.
bool is_passed_on(const net::HttpExchange& exchange);
/// From a person or a program on this machine.
bool is_local(const net::HttpExchange& exchange);
/// Whether another site's page made this request, according to the browser: by Sec-Fetch-Site (Fetch Metadata), or by
/// an Origin (RFC 6454) that differs from Host.
bool is_cross_site(const net::HttpExchange& exchange);
/// Its type is application/json, which another site's form can't send without a preflight request.
bool is_json(const net::HttpExchange& exchange);

}  // namespace dw::admin
