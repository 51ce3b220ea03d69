#include "sbc/daemon/fast_path.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "nat/fast/kernel_flows.hpp"
#include "sbc/base/escape.hpp"
#include "sbc/net/log.hpp"

namespace dw {

using State = doctor::FastPathState::State;
using InterfaceState = nat::fast::InterfaceReport::State;

FastPath::FastPath(net::Loop& loop, nat::Relay& relay, std::string socket)
    : loop_(loop), relay_(relay), socket_(std::move(socket)) {}

FastPath::~FastPath() {
  want(false);
}

void FastPath::want(bool wanted) {
  if (wanted == (link_ != nullptr)) return;
  if (!wanted) {
    link_.reset();
    on_lost();
    return;
  }
  link_ = std::make_unique<nat::fast::LoaderLink>(
      loop_, socket_,
      nat::fast::LoaderLink::Callbacks{.on_maps = [this](const nat::fast::Maps& maps) { on_maps(maps); },
                                       .on_lost = [this] { on_lost(); },
                                       .on_change = [this] { log_change(); }});
}

void FastPath::on_maps(const nat::fast::Maps& maps) {
  auto opened = nat::fast::KernelMaps::open(maps);
  refused_ = opened ? std::string() : opened.error().text;
  if (!opened) return;
  const std::shared_ptr<nat::fast::KernelMaps> shared = std::move(*opened);
  relay_.carry_by([&](unsigned part, unsigned parts) -> std::unique_ptr<nat::FlowTable> {
    auto routes = nat::fast::Routes::open();
    if (routes) return std::make_unique<nat::fast::KernelFlows>(shared, std::move(*routes), part, parts);
    refused_ = routes.error().text;
    return nullptr;
  });
  carries_ = refused_.empty();
}

void FastPath::on_lost() {
  if (std::exchange(carries_, false)) relay_.carry_by({});
}

doctor::FastPathState FastPath::state() const {
  doctor::FastPathState out;
  out.streams = relay_.carried();
  if (!link_) {
    out.state = State::off;
    out.why = "media.fast_path is \"off\"";
    return out;
  }
  const auto& loader = link_->state();
  for (const auto& interface : loader.interfaces)
    out.interfaces.push_back(nat::fast::to_string(interface));
  const bool attached =
      std::ranges::any_of(loader.interfaces, [](const auto& i) { return i.state == InterfaceState::attached; });
  out.why = !loader.loaded      ? loader.why
            : !refused_.empty() ? refused_
            : !attached         ? "no interface of Ethernet's type is up"
                                : "";
  out.state = out.why.empty() ? State::on : State::unavailable;
  return out;
}

/// Once for each reason: the loader may be away for long.
void FastPath::log_change() {
  const doctor::FastPathState now = state();
  const std::string& line = now.state == State::on ? "on" : now.why;
  if (line == logged_) return;
  logged_ = line;
  if (now.state == State::on)
    spdlog::info("event=fast_path interfaces={}", now.interfaces.size());
  else
    spdlog::info("event=fast_path_off reason=\"{}\"", escaped(now.why));
}

}  // namespace dw
