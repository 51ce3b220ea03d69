#include "sbc/sccp/media_channels.hpp"

#include <doctest/doctest.h>

namespace dw::sccp {
namespace {

/// Channels that know themselves again by their number.
struct Table {
  MediaChannels channels;
  std::uint64_t last = 0;

  std::uint64_t add(ChannelIds ids, MediaKind kind = MediaKind::audio) {
    MediaChannel* const channel = channels.add(kind, ids);
    REQUIRE(channel);
    channel->ports.id = MediaId{++last};
    channel->ports.central_facing = {IpAddress::v4(0x0a000005), static_cast<std::uint16_t>(20000 + last)};
    channel->receive = true;
    channel->acked = true;
    return last;
  }
  std::uint64_t find(ChannelIds ids, Lookup lookup = Lookup::follow) {
    const MediaChannel* const channel = channels.find(MediaKind::audio, ids, lookup);
    return channel ? static_cast<std::uint64_t>(channel->ports.id) : 0;
  }
  MediaChannel& at(std::uint64_t number) { return *channels.find(MediaId{number}); }
};

}  // namespace

TEST_CASE("two calls with one pass-through party id are two channels") {
  Table t;
  const auto first = t.add({5, 1, 5});
  CHECK(t.find({6, 1, 6}, Lookup::open) == 0);
  const auto second = t.add({6, 1, 6});
  CHECK(t.find({5, 1, 5}, Lookup::open) == first);
  CHECK(t.find({6, 1, 6}, Lookup::open) == second);
  CHECK(t.find({0, 1, 5}) == first);  // chan_skinny's Close says conference 0
  CHECK(t.find({5, 1, 0}) == first);  // its StartMediaTransmission, and an 8-octet Close, no call reference
  CHECK(t.find({6, 1, 0}) == second);
  CHECK(t.find({0, 0, 5}) == first);  // a 69xx's Ack, the call reference alone
  CHECK(t.find({0, 0, 6}) == second);
  CHECK(t.find({5, 0, 0}) == first);
}

TEST_CASE("an Ack without a call reference is for the channel that waits for it") {
  Table t;
  const auto first = t.add({5, 1, 5});
  const auto second = t.add({6, 1, 6});
  t.at(first).acked = false;
  CHECK(t.find({0, 1, 0}, Lookup::ack) == first);
  t.at(first).acked = true;
  t.at(second).acked = false;
  CHECK(t.find({0, 1, 0}, Lookup::ack) == second);
  CHECK(t.find({0, 0, 0}, Lookup::ack) == second);
  CHECK(t.find({0, 1, 5}, Lookup::ack) == first);  // says it anyway
}

TEST_CASE("a call reference that nobody has: the party's only channel, unless it is another's that was closed") {
  Table t;
  const auto first = t.add({5, 1, 5});
  CHECK(t.find({0, 1, 99}) == first);
  CHECK(t.find({0, 1, 99}, Lookup::ack) == first);
  CHECK(t.find({0, 1, 99}, Lookup::open) == 0);
  const auto second = t.add({6, 1, 6});
  CHECK(t.find({0, 1, 99}) == 0);
  t.channels.remove(t.at(first));
  CHECK(t.find({0, 1, 5}, Lookup::ack) == 0);  // late, and its neighbour is not meant
  CHECK(t.find({5, 1, 5}) == 0);               // a second Close
  CHECK(t.channels.removed_lately(MediaKind::audio, {0, 1, 5})->port == 20001);
  CHECK(t.find({6, 1, 6}) == second);
  t.channels.remove(t.at(second));
  CHECK(t.channels.removed_lately(MediaKind::audio, {0, 1, 5})->port == 20001);
  CHECK(t.channels.removed_lately(MediaKind::audio, {0, 1, 6})->port == 20002);
  CHECK(t.channels.removed_lately(MediaKind::audio, {0, 1, 0})->port == 20002);
}

TEST_CASE("audio and video of one call may have the same ids") {
  Table t;
  const auto audio = t.add({5, 1, 5});
  const auto video = t.add({5, 1, 5}, MediaKind::video);
  CHECK(t.find({5, 1, 5}) == audio);
  CHECK(static_cast<std::uint64_t>(t.channels.find(MediaKind::video, {5, 1, 5})->ports.id) == video);
}

}  // namespace dw::sccp
