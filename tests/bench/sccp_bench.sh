#!/usr/bin/env bash
# Measures Dropwire's SCCP proxy against HAProxy (tcp mode, one thread) on loopback, in alternating rounds: 1,000 phones
# that press keys, and 5,000 that register at once. Prints the section for RESULTS.md. Needs haproxy, two cores, nothing
# else to do on the machine, and 10,000 descriptors more than that. The proxy has core 0, phones and call server core 1.
#   DW_BIN=…  the daemon (default: build/release/dropwire)    BENCH_ROUNDS=5  runs of each, prints medians
#   BENCH_OLD=…  another dropwire: both in turns and nothing else, in place of that section; needs no HAProxy
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
bin=${DW_BIN:-$top/build/release/dropwire}
rounds=${BENCH_ROUNDS:-5}
[[ -n ${BENCH_OLD:-} ]] || command -v haproxy >/dev/null || { echo "haproxy is not installed" >&2; exit 77; }
cmake -G Ninja -S "$top" -B "$top/build/bench" -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null &&
  cmake --build "$top/build/bench" --target sccp_load >&2 || exit 2
load="taskset -c 1 timeout 90 $top/build/bench/tests/sccp_load"
work=$(mktemp -d "${TMPDIR:-/tmp}/dropwire-bench.XXXXXX")
pid=
stop() { [[ -z $pid ]] || { kill -KILL "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; pid=; }; }
trap 'stop; rm -rf "$work"' EXIT
ulimit -n "$(ulimit -Hn)"

server=127.0.0.20:2100
median() { sort -g "$1" | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "none" }'; }
spread() { sort -g "$1" | awk '{ v[NR] = $1 } END { printf "%s to %s", v[1], v[NR] }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else print "none" }'; }
field() { sed -nE "s/.*(^| )$2=([0-9.]+).*/\2/p" <<<"$1"; }

cat >"$work/haproxy.cfg" <<CFG
global
  nbthread 1
  maxconn 9800
defaults
  mode tcp
  maxconn 9500
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend phones
  bind 127.0.0.11:2100
  default_backend callserver
backend callserver
  server one $server
CFG
via=
begin() { # dropwire | old | haproxy | straight
  mkdir -p "$work/state"
  case $1 in
    straight) via=$server ;;
    haproxy)
      via=127.0.0.11:2100
      taskset -c 0 haproxy -f "$work/haproxy.cfg" >"$work/log" 2>&1 &
      ;;
    dropwire | old)
      via=127.0.0.10:2100
      local binary=$bin
      [[ $1 == dropwire ]] || binary=$BENCH_OLD
      taskset -c 0 "$binary" run -c /dev/null --mode hosted --set 'access.listen=["127.0.0.10"]' --set access.sccp.port=2100 \
        --set access.tftp.port=0 --set access.http.port=0 --set admin.listen=127.0.0.1:0 --set admin.socket="$work/sock" \
        --set cache.enable=false --set state.dir="$work/state" --set access.sccp.connection_rate=10000 \
        --set "central.sccp.servers=[\"$server\"]" --set log.level=warn >"$work/log" 2>&1 &
      ;;
  esac
  [[ $1 == straight ]] && return
  pid=$!
  for _ in {1..100}; do
    (exec 3<>"/dev/tcp/${via%:*}/${via#*:}") 2>/dev/null && return
    sleep 0.05
  done
  echo "$1 did not start: $(cat "$work/log")" >&2
  exit 2
}
note() { # NAME RESULT FIELD...
  local name=$1 result=$2 f
  shift 2
  echo "$name: $result" >&2
  for f in "$@"; do field "$result" "$f" >>"$work/$name-$f"; done
}
if [[ -n ${BENCH_OLD:-} ]]; then
  # shellcheck source=tests/bench/beside.sh
  . "$here/beside.sh"
  for ((round = 1; round <= rounds; round++)); do
    for what in $(in_turn $round); do
      begin "$what"
      note "storm-$what" "$($load storm 5000 $server $via $pid)" seconds kib_per_phone refused lost
      stop
      begin "$what"
      note "relay-$what" "$($load relay 1000 $server $via 3 $pid)" messages_per_s us_per_message lost
      stop
    done
  done
  beside_head SCCP
  beside_row "5,000 phones at once, seconds until all are registered" storm seconds
  beside_row "memory for each registered phone, KiB (user)" storm kib_per_phone
  beside_row "messages relayed a second, 1,000 phones" relay messages_per_s
  beside_row "CPU µs a message, at that rate" relay us_per_message
  for f in refused lost; do beside_row "storm: $f" storm $f; done | grep -v '| 0 (0 to 0) | 0 (0 to 0) |'
  exit 0
fi
for ((round = 1; round <= rounds; round++)); do
  for what in straight dropwire haproxy; do
    begin $what
    note "storm-$what" "$($load storm 5000 $server $via $pid)" seconds kib_per_phone refused lost
    stop
  done
  for what in dropwire haproxy; do
    begin $what
    note "relay-$what" "$($load relay 1000 $server $via 3 $pid)" messages_per_s us_per_message lost
    stop
  done
done

m() { median "$work/$1"; }
cat <<TABLE
## SCCP

\`tests/bench/sccp_bench.sh\`, $rounds alternating rounds, medians; $(date -u +%F), $(nproc) cores, Linux $(uname -r), $(haproxy -v | sed -nE '1s/.*version ([^ ]+).*/HAProxy \1/p').
The proxy is pinned to core 0, the phones and the call server, one process, to core 1.

| figure | Dropwire | beside it | ratio | goal |
| --- | --- | --- | --- | --- |
| messages relayed a second, 1,000 phones | $(m relay-dropwire-messages_per_s) | HAProxy $(m relay-haproxy-messages_per_s) | $(ratio "$(m relay-dropwire-messages_per_s)" "$(m relay-haproxy-messages_per_s)") | at least 0.8 |
| CPU µs a message, at that rate | $(m relay-dropwire-us_per_message) | HAProxy $(m relay-haproxy-us_per_message) | $(ratio "$(m relay-haproxy-us_per_message)" "$(m relay-dropwire-us_per_message)") | |
| 5,000 phones at once, seconds until all are registered | $(m storm-dropwire-seconds) ($(spread "$work/storm-dropwire-seconds")) | straight $(m storm-straight-seconds) ($(spread "$work/storm-straight-seconds")) | $(ratio "$(m storm-dropwire-seconds)" "$(m storm-straight-seconds)") | at most 1.5 |
| the same through HAProxy, which reads nothing | | $(m storm-haproxy-seconds) | $(ratio "$(m storm-haproxy-seconds)" "$(m storm-straight-seconds)") | |
| refused or lost in the storm | $(m storm-dropwire-refused), $(m storm-dropwire-lost) | | | none |
| memory for each registered phone, KiB (user) | $(m storm-dropwire-kib_per_phone) | HAProxy $(m storm-haproxy-kib_per_phone) | | at most 16 |
TABLE
