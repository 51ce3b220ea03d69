#include "sbc/admin/call_json.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "sbc/doctor/audio_quality.hpp"

namespace dw::admin {
namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Endpoint& endpoint) {
  return endpoint.address ? endpoint.to_string() : std::string();
}

/// null: no packets, so nothing is known.
Json loss_percent(const MediaFlow& flow) {
  const auto percent = flow.loss_percent();
  return percent ? Json(std::round(100 * *percent) / 100) : Json(nullptr);
}

/// null: not measured, as the clock rate is not known.
Json jitter_ms(const MediaFlow& flow) {
  if (!flow.jitter) return nullptr;
  return std::round(10 * std::chrono::duration<double, std::milli>(*flow.jitter).count()) / 10;
}

Json quality_json(const doctor::AudioQuality& quality) {
  const auto rounded = [](const std::optional<double>& value, double to) {
    return value ? Json(std::round(*value * to) / to) : Json(nullptr);
  };
  return {{"state", to_string(quality.state)},
          {"words", quality.words},
          {"mos", rounded(quality.mos, 10)},
          {"rating", rounded(quality.rating, 1)}};
}

Json flow_json(const MediaFlow& flow, const std::string& codec, const Now& now) {
  Json last;
  if (flow.last) {
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now.steady - *flow.last);
    last = to_rfc3339(now.wall - since);
  }
  return {{"packets", flow.packets},
          {"octets", flow.octets},
          {"audio", flow.audio},
          {"delivered", flow.delivered},
          {"lost", flow.lost},
          {"loss_percent", loss_percent(flow)},
          {"dropped", flow.dropped},
          {"undelivered_s", std::chrono::duration_cast<std::chrono::seconds>(flow.undelivered).count()},
          {"reordered", flow.reordered},
          {"jitter_ms", jitter_ms(flow)},
          {"quality", quality_json(doctor::quality_of(codec, flow))},
          {"last_packet", std::move(last)}};
}

Json lane_json(const CallHistory::Lane& lane, const std::string& codec) {
  Json loss = Json::array(), jitter = Json::array(), states = Json::array();
  for (const CallHistory::Sample& sample : lane.samples) {
    const bool passed = sample.loss_percent >= 0;
    loss.push_back(passed ? Json(std::round(100.0 * sample.loss_percent) / 100) : Json(nullptr));
    jitter.push_back(passed && sample.jitter_ms ? Json(std::round(10.0 * *sample.jitter_ms) / 10) : Json(nullptr));
    const auto buffered =
        sample.jitter_ms ? std::optional<Duration>(std::chrono::microseconds(std::lround(1000.0 * *sample.jitter_ms)))
                         : std::nullopt;
    states.push_back(
        passed ? Json(to_string(doctor::quality_of(codec, static_cast<double>(sample.loss_percent), buffered).state))
               : Json(nullptr));
  }
  return {{"loss_percent", std::move(loss)}, {"jitter_ms", std::move(jitter)}, {"state", std::move(states)}};
}

/// null: the stream is not followed.
Json history_json(const CallHistory::Stream* stream, const std::string& codec) {
  if (!stream) return nullptr;
  return {{"every_s", CallHistory::kEvery.count()},
          {"from_phone", lane_json(stream->from_phone, codec)},
          {"from_central", lane_json(stream->from_central, codec)}};
}

Json stream_json(const phones::Call::Stream& stream, const Now& now, const CallHistory* history) {
  return {{"codec", stream.codec},
          {"direct", stream.media.direct},
          {"phone", text_of(stream.phone())},
          {"phone_facing", text_of(stream.ports.phone_facing)},
          {"central_facing", text_of(stream.ports.central_facing)},
          {"far_end", text_of(stream.far_end.value_or(Endpoint{}))},
          {"from_phone", flow_json(stream.media.from_phone, stream.codec, now)},
          {"from_central", flow_json(stream.media.from_central, stream.codec, now)},
          {"history", history_json(history ? history->find(stream) : nullptr, stream.codec)},
          {"strangers", stream.media.strangers},
          {"router_moved", stream.media.router_moved}};
}

/// null: SIP has no such number.
Json of_sccp(const phones::Call& call, std::uint32_t number) {
  return call.protocol == phones::Protocol::sip ? Json(nullptr) : Json(number);
}

}  // namespace

Json call_json(const phones::Call& call, const Now& now, const CallHistory* history) {
  Json streams = Json::array();
  for (const auto& stream : call.streams)
    streams.push_back(stream_json(stream, now, history));
  return {{"device", call.device},
          {"address", call.peer.address ? call.peer.address.to_string() : std::string()},
          {"protocol", phones::to_string(call.protocol)},
          {"reference", of_sccp(call, call.reference)},
          {"line", of_sccp(call, call.line)},
          {"call_id", call.call_id},
          {"own_number", call.own_number},
          {"way", phones::to_string(call.way)},
          {"state", call.state},
          {"far_number", call.far_number},
          {"far_name", call.far_name},
          {"since", to_rfc3339(call.since)},
          {"duration_s", std::chrono::duration_cast<std::chrono::seconds>(call.duration).count()},
          {"streams", std::move(streams)}};
}

}  // namespace dw::admin
