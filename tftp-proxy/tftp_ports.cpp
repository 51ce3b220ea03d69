#include "tftp-proxy/tftp_ports.hpp"

#include <algorithm>
#include <utility>

namespace dw::provisioning {

void TftpPorts::set(std::vector<std::uint16_t> ports) {
  if (ports == ports_) return;
  ports_ = std::move(ports);
  const auto waiting = ports_.empty() ? waiting_.size() : std::min(ports_.size(), waiting_.size());
  for (std::size_t i = 0; i < waiting; ++i)
    wake();  // without ports nobody waits for one
}

std::unique_ptr<TftpPorts::Lease> TftpPorts::take() {
  const auto free =
      std::ranges::find_if(ports_, [this](std::uint16_t p) { return std::ranges::find(taken_, p) == taken_.end(); });
  if (free == ports_.end()) return nullptr;
  taken_.push_back(*free);
  return std::make_unique<Lease>(shared_from_this(), *free);
}

void TftpPorts::when_free(std::weak_ptr<void> alive, std::function<void()> callback) {
  waiting_.push_back({std::move(alive), std::move(callback)});
}

void TftpPorts::give_back(std::uint16_t port) {
  std::erase(taken_, port);
  wake();
}

void TftpPorts::wake() {
  while (!waiting_.empty()) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    if (next.alive.expired()) continue;
    loop_.post([self = shared_from_this(), next = std::move(next)] {
      if (const auto alive = next.alive.lock()) {
        next.callback();
      } else {
        self->wake();  // gone meanwhile: the next one's turn
      }
    });
    return;
  }
}

}  // namespace dw::provisioning
