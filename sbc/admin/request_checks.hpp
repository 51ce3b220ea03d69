#pragma once
#include "sbc/net/http_server.hpp"

/// What a request's head says of where it comes from.
namespace dw::admin {

/// GET or HEAD.
bool reads(const net::HttpExchange& exchange);
/// A proxy passed it on, so its peer is not whoever asks.
bool is_passed_on(const net::HttpExchange& exchange);
/// From a person or a program on this very machine.
bool is_local(const net::HttpExchange& exchange);
/// Whether a browser says that another site's page made this request: by Sec-Fetch-Site (Fetch Metadata), or by
/// an Origin (RFC 6454) that is not the host that was asked.
bool is_cross_site(const net::HttpExchange& exchange);
/// Its body says that it is application/json, which no form of another site can send without being asked first.
bool is_json(const net::HttpExchange& exchange);

}  // namespace dw::admin
