// MediaWorker: which of its streams' packets a FlowTable carries in its place.
#include <utility>

#include "nat/media_worker.hpp"

namespace dw::nat {

void MediaWorker::carry_by(std::shared_ptr<FlowTable> flows) {
  for (MediaStream* stream : streams_) {
    take_back(*stream);
    stream->promotion.reset();
  }
  flows_ = std::move(flows);
  next_sweep_ = {};  // the first sweep ticks the FlowTable at once
  for (MediaStream* stream : streams_)
    renew(*stream);
}

void MediaWorker::renew(MediaStream& stream) {
  take_back(stream);
  stream.promotion.reset();
  const bool possible = stream.places.phone.address.is_v4() && stream.places.central.address.is_v4();
  if (flows_ && possible && !stream.bridge && !stream.is_fed)
    stream.promotion.emplace(*flows_, stream.session, stream.places);
}

void MediaWorker::bridge(MediaStream& stream, MediaStream* other) {
  for (MediaStream* const fed : {stream.bridge, other}) {
    if (!fed) continue;
    take_back(*fed);
    fed->is_fed = fed == other;
    renew(*fed);
  }
  stream.bridge = other;
  renew(stream);
  if (other) other->session.on_fed();
}

void MediaWorker::take_back(MediaStream& stream) {
  if (!stream.promotion) return;
  stream.promotion->demote();
  collect(stream);
}

void MediaWorker::collect(MediaStream& stream) {
  if (!stream.promotion) return;
  Promotion& promotion = *stream.promotion;
  promotion.settle();
  stream.is_carried.store(promotion.is_carried(), std::memory_order_relaxed);
  const std::uint64_t from_phone = promotion.take_carried(Port::phone_rtp);
  const std::uint64_t from_central = promotion.take_carried(Port::central_rtp);
  Totals::add(totals_.from_phone, from_phone);
  Totals::add(totals_.from_central, from_central);
  Totals::add(totals_.sent, from_phone + from_central);
  if (from_phone > 0) stream.from_phone.write(stream.session.from_phone());
  if (from_central > 0) stream.from_central.write(stream.session.from_central());
}

void MediaWorker::settle(MediaStream& stream) {
  const std::uint32_t before = settled_.load(std::memory_order_acquire);
  post({.kind = Command::Kind::settle, .stream = &stream});
  settled_.wait(before, std::memory_order_acquire);
}

bool MediaWorker::is_watched(const MediaSocket& socket) {
  const auto& promotion = socket.stream->promotion;
  return promotion && !for_rtcp(socket.port) && promotion->is_watched(socket.port);
}

/// A busy thread would never find the socket of a flow empty, and so never get rid of its packets.
void MediaWorker::drain(MediaSocket& socket) {
  for (int round = 0; round < kMaxDrain && is_watched(socket); ++round) {
    const auto take = [&](const MediaReceiver::Datagram& datagram, bool more) {
      on_datagram(socket, datagram, age_limit_.is_late(now_, datagram.age), more);
    };
    if (receiver_->many(socket.descriptor.number(), take) < MediaReceiver::kMany) return;
  }
}

}  // namespace dw::nat
