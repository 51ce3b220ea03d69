#!/bin/bash
# Shows that check_events.sh can fail: a tree that keeps the rules passes, and one breach of each kind is noticed.
set -euo pipefail
check=$(dirname "$(realpath "$0")")/check_events.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

fresh_tree() {
  rm -rf "${tree:?}"/*
  mkdir -p "$tree"/{sbc/{daemon,proxy,phones},nat,tftp-proxy,conf}
  cat > "$tree/sbc/daemon/log_events_x.hpp" <<'ROWS'
inline constexpr auto kXEvents = std::to_array<Event>({
    {"call_up", "info, warn",
     "device peer "
     "number? reason?", "A call. \"x\" is {\"what\"}."},
    {"left", "warn", "peer", "It left."},
    {"lost", "warn", "peer", "It is lost."},
    {"over", "info", "", "It is over."},
    {"port", "debug, info", "transport internal router", "A port."},
});
ROWS
  cat > "$tree/sbc/proxy/good.cpp" <<'SOURCE'
#include <vector>
/// One line, `event=something key=value`.
void f() {
  const auto who = [&] { return fmt::format("device={} peer={}", a, b); };  // event= of nothing
  spdlog::info("event=call_up {} number=\"{} with=this; and \\\"\"{}", who(), "x", why.empty() ? "" : " reason=\"a\"");
  return limit_.warn(
      "event=call_up device={} peer={} "
      "number=\"{}\" words that say (a=b) more", who, b, c);
  const auto port = fmt::format("transport={} internal={}", a, b);
  spdlog::log(b ? spdlog::level::info : spdlog::level::debug,
              "event=port {} router={}", port, r);
  // event=left or event=lost
  limit_.warn("event={} peer={}", left ? "left" : "lost", peer);
  spdlog::info("event=over");  // its end
  widget.info(3);
}
SOURCE
}

# expect WHAT FILE SED: after this change of FILE the check fails, and says so in words that contain WHAT.
expect() {
  fresh_tree
  cp "$tree/$2" "$tree/before"
  sed -i -e "$3" "$tree/$2"
  if cmp -s "$tree/before" "$tree/$2"; then
    echo "this changes nothing: $3"
    failures=1
  fi
  rm "$tree/before"
  if out=$("$check" "$tree") || [[ $out != *"$1"* ]]; then
    echo "not noticed: $3 in $2 (said: ${out:-nothing})"
    failures=1
  fi
}

fresh_tree
if ! out=$("$check" "$tree"); then
  echo "a tree that keeps the rules was refused: $out"
  failures=1
fi
rows=sbc/daemon/log_events_x.hpp
source=sbc/proxy/good.cpp
expect 'good.cpp:14: event=ended has no row'       $source 's/event=over/event=ended/'
expect 'event=gone has no row'                     $source 's/event=left or/event=gone or/'
expect 'no source logs event=over'                 $source '/event=over/d'
expect 'no source logs event=more'                 $rows   's/{"left"/{"more", "info", "", "More."},\n{"left"/'
expect 'has the field why, which its row does not' $source 's/event=over/& why={}/'
expect 'has the field why, which its row does not' $source 's/words that say/why={} &/'
expect 'has the field why, which its row does not' $source 's/" reason=/" why=/'
expect 'has the field aor, which its row does not' $source 's/"device={} peer={}", a/"device={} aor={} peer={}", a/'
expect 'has the field device, which its row has in' $source 's/call_up device={} peer={}/call_up peer={} device={}/'
expect 'is without peer'                           $source 's/"device={} peer={}", a/"device={}", a/'
expect 'is without router'                         $source 's/ router={}//'
expect 'has the field tries'                       $rows   's/number? reason?/& tries?/'
expect 'is logged at error'                        $source 's/spdlog::info("event=over/spdlog::error("event=over/'
expect 'is logged at info'                         $source 's/limit_.warn("event={}/limit_.info("event={}/'
expect 'is logged at trace'                        $source 's/spdlog::level::debug/spdlog::level::trace/'
expect 'is never logged at error'                  $rows   's/"info, warn"/"info, warn, error"/'
expect 'no comment names'                          $source '/event=left or/d'
expect 'no comment names'                          $source 's/event=left or event=lost/&\n  f();/'
expect 'does not begin with event='                $source 's/"event=over"/"it is over"/'
expect 'does not begin with event='                $source 's/spdlog::info("event=over")/spdlog::info(text)/'
expect 'does not begin with event='                $source 's/"event=over"/"{}", text/'
expect 'does not begin with event='                $source 's/limit_.warn("event={} peer/limit_.warn("{} peer/'
expect 'outside a call that logs'                  $source 's/widget.info(3)/tell("event=over")/'
((failures == 0)) && echo "each kind of breach is noticed"
exit "$failures"
