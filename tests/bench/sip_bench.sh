#!/usr/bin/env bash
# Measures Dropwire's SIP proxy against Kamailio (one UDP worker, transactions, Contacts masqueraded) on loopback, and its
# reading and rewriting of a message against libosip2, in alternating rounds. Prints the section for RESULTS.md. Needs
# kamailio, libosip2-dev, unshare, two cores, nothing else to do on the machine, and about eight minutes. The proxy has
# core 0, the phones and the central server core 1, all in a network namespace of its own (root, or user namespaces).
#   DW_BIN=…         the daemon (default: build/release/dropwire)    BENCH_ROUNDS=5  runs of each, prints medians
#   BENCH_SLOW_ROUNDS=3  runs of what takes a minute each: memory and storms
#   BENCH_PARTS=…    of: rates parse memory storm (default: all)
#   BENCH_OLD=…      another dropwire: the rates of both in turns and nothing else, in place of that section; needs no Kamailio
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
bin=${DW_BIN:-$top/build/release/dropwire}
rounds=${BENCH_ROUNDS:-5}
slow=${BENCH_SLOW_ROUNDS:-3}
parts=" ${BENCH_PARTS:-rates parse memory storm} "
tools=(kamailio unshare pgrep)
[[ -z ${BENCH_OLD:-} ]] || tools=(unshare pgrep)
for tool in "${tools[@]}"; do command -v $tool >/dev/null || { echo "$tool is not installed" >&2; exit 77; }; done
if [[ -z ${SIP_BENCH_INSIDE:-} ]]; then
  cmake -G Ninja -S "$top" -B "$top/build/bench" -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null &&
    cmake --build "$top/build/bench" --target sip_load $([[ -n ${BENCH_OLD:-} ]] || echo sip_parse) >&2 || exit 2
  user=()
  [[ $(id -u) = 0 ]] || user=(-r)
  SIP_BENCH_INSIDE=1 exec timeout --foreground 3600 setsid -w unshare -n "${user[@]}" "${BASH_SOURCE[0]}" "$@"
fi
ip link set lo up || exit 2
# At realtime priority, where that is allowed: what else the machine does then waits, but for its twentieth of the time.
urgent=(chrt -r 1)
"${urgent[@]}" true 2>/dev/null || urgent=()
load="${urgent[*]} taskset -c 1 timeout 600 $top/build/bench/tests/sip_load"
work=$(mktemp -d "${TMPDIR:-/tmp}/dropwire-bench.XXXXXX")
pid=
# shellcheck disable=SC2317
stop() {
  [[ -n $pid ]] || return
  kill -TERM "$pid" 2>/dev/null
  for _ in {1..100}; do kill -0 "$pid" 2>/dev/null || break; sleep 0.05; done
  kill -KILL "$pid" 2>/dev/null
  wait "$pid" 2>/dev/null
  pid=
}
trap 'stop; rm -rf "$work"' EXIT
ulimit -n "$(ulimit -Hn)"

server=127.0.0.20:5080
rate=500 # REGISTERs a second that the central server is asked for in the storm
median() { sort -g "$1" 2>/dev/null | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "none" }'; }
spread() { sort -g "$1" 2>/dev/null | awk '{ v[NR] = $1 } END { printf "%s to %s", v[1], v[NR] }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else print "none" }'; }
field() { sed -nE "s/.*(^| )$2=([0-9.]+).*/\2/p" <<<"$1"; }

# What a careful operator writes for this job: the Contact of either side is hidden in one of ours and restored; the
# phone's own comes back in the answer to REGISTER.
cat >"$work/kamailio.cfg" <<'CFG'
#!KAMAILIO
debug=-1
log_stderror=yes
children=1
disable_tcp=yes
auto_aliases=no
dns=no
rev_dns=no
listen=udp:127.0.0.11:5060
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
request_route {
  if (!mf_process_maxfwd_header("70")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("REGISTER")) {
    encode_contact("dw", "127.0.0.11:5060");
    t_on_reply("RESTORE");
    $du = "sip:127.0.0.20:5080";
    t_relay();
    exit;
  }
  if (has_totag()) {
    if ($(ru{s.substr,4,3}) == "dw*") decode_contact();
    loose_route();
    t_relay();
    exit;
  }
  if (is_method("INVITE")) {
    record_route();
    encode_contact("dw", "127.0.0.11:5060");
    t_on_reply("HIDE");
    $du = "sip:127.0.0.20:5080";
    t_relay();
    exit;
  }
  sl_send_reply("405", "Method Not Allowed");
}
onreply_route[RESTORE] { if ($rs == 200) decode_contact_header(); }
onreply_route[HIDE] { if ($rs > 100) encode_contact("dw", "127.0.0.11:5060"); }
CFG
via='' processes=''
begin() { # dropwire | old | kamailio | straight [SETTING…]
  local what=$1
  shift
  rm -rf "$work/state"
  mkdir -p "$work/state"
  case $what in
    straight)
      via=$server processes=''
      return
      ;;
    kamailio)
      via=127.0.0.11:5060
      "${urgent[@]}" taskset -c 0 kamailio -f "$work/kamailio.cfg" -DD -E -m 4096 -M 64 -Y "$work" >"$work/log" 2>&1 &
      ;;
    dropwire | old)
      via=127.0.0.10:5060
      local limits=() setting binary=$bin
      [[ $what == dropwire ]] || binary=$BENCH_OLD
      for setting in "${wide[@]}" "$@"; do
        [[ -z ${BENCH_OLD:-} ]] || knows "$binary" "${setting%%=*}" || continue
        limits+=(--set "$setting")
      done
      "${urgent[@]}" taskset -c 0 "$binary" run -c /dev/null --mode hosted --set 'access.listen=["127.0.0.10"]' --set access.sip.port=5060 \
        --set access.sccp.enable=false --set access.tftp.enable=false --set access.http.enable=false \
        --set admin.listen=127.0.0.1:0 --set admin.socket="$work/sock" --set cache.enable=false \
        --set state.dir="$work/state" --set "central.sip.servers=[\"udp:$server\"]" --set log.level=warn "${limits[@]}" \
        >"$work/log" 2>&1 &
      ;;
  esac
  pid=$!
  for _ in {1..100}; do
    if ss -Hlun "src ${via%:*} and sport = :${via#*:}" | grep -q .; then
      sleep 0.5 # Kamailio's worker begins to read
      processes=$pid,$(pgrep -d , -P "$pid")
      return
    fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05
  done
  echo "$what did not start: $(cat "$work/log")" >&2
  exit 2
}
# What protects the central server and the box from phones is not what is measured, but for the rate in the storm. Nobody is asked
# by OPTIONS: the server comes with the phones, and would be taken for dead at first.
wide=(central.sip.ping=0s access.sip.message_rate=100000 access.sip.registered_message_rate=100000 access.sip.max_transactions=1000000
  access.sip.max_transactions_per_source=1000000 access.sip.max_calls=100000 central.sip.register_rate=100000
  access.sip.calls_per_phone=0 access.sip.calls_per_source=0 access.sip.call_attempts_per_phone=0
  access.sip.call_attempts_per_source=0 media.ports=10000-60000)
note() { # NAME RESULT FIELD...
  local name=$1 result=$2 f
  shift 2
  echo "$name: $result" >&2
  for f in "$@"; do field "$result" "$f" >>"$work/$name-$f"; done
}
rates() { # WHAT
  begin "$1"
  note "register-$1" "$($load register phones=1000 server=$server via=$via seconds=3 pid="$processes")" per_s us_each lost refused resent wrong octets
  stop
  begin "$1"
  note "calls-$1" "$($load calls phones=1000 server=$server via=$via seconds=3 pid="$processes")" per_s us_each lost refused resent wrong octets
  stop
  begin "$1"
  note "sdp-$1" "$($load calls body=sdp count=2000 phones=1000 server=$server via=$via pid="$processes")" per_s us_each lost refused resent wrong octets
  stop
}
storm() { # WHAT OUTAGE [SETTING…]
  begin "$1" "${@:3}"
  note "storm-$1-$2" "$($load storm phones=10000 rate="$rate" outage="$2" limit=300 server=$server via=$via pid="$processes")" \
    back seconds peak seen distinct later refused lost resent
  stop
}
if [[ -n ${BENCH_OLD:-} ]]; then
  # shellcheck source=tests/bench/beside.sh
  . "$here/beside.sh"
  for ((round = 1; round <= rounds; round++)); do
    for what in $(in_turn $round); do rates "$what"; done
  done
  beside_head SIP
  beside_row "REGISTER round trips a second" register per_s
  beside_row "CPU µs each, at that rate" register us_each
  beside_row "calls a second, INVITE to BYE, no media" calls per_s
  beside_row "CPU µs each, at that rate" calls us_each
  beside_row "calls a second with SDP, 2,000 in a row" sdp per_s
  beside_row "CPU µs each, at that rate" sdp us_each
  for kind in register calls sdp; do
    for f in lost refused wrong resent; do beside_row "$kind: $f" $kind $f; done
  done | grep -v '| 0 (0 to 0) | 0 (0 to 0) |'
  exit 0
fi
if [[ $parts == *' rates '* ]]; then
  rates straight
  for ((round = 1; round <= rounds; round++)); do
    if ((round % 2)); then order="dropwire kamailio"; else order="kamailio dropwire"; fi
    for what in $order; do rates "$what"; done
  done
fi
if [[ $parts == *' parse '* ]]; then
  "${urgent[@]}" taskset -c 0 "$top/build/bench/tests/sip_parse" $((4 * rounds + 1)) 0.2 >"$work/parse" || exit 2
  cat "$work/parse" >&2
fi
if [[ $parts == *' memory '* ]]; then
  for ((round = 1; round <= slow; round++)); do
    begin dropwire
    note memory-dropwire "$($load memory phones=10000 server=$server via=$via pid="$processes")" registered kib_per_phone kib_at_once lost refused wrong
    stop
  done
fi
if [[ $parts == *' storm '* ]]; then
  for ((round = 1; round <= slow; round++)); do
    storm dropwire 10 central.sip.register_rate=$rate
    storm dropwire 0 central.sip.register_rate=$rate
  done
  rate=4000 storm kamailio 10
  rate=4000 storm kamailio 0
fi

m() { median "$work/$1"; }
parsed() { sed -nE "/^$1 /s/.* $2=([0-9.]+).*/\1/p" "$work/parse" 2>/dev/null; }
rated() { # TEXT NAME GOAL: a row of calls or REGISTERs a second
  echo "| $1 | $(m "$2-dropwire-per_s") ($(spread "$work/$2-dropwire-per_s")) | Kamailio $(m "$2-kamailio-per_s") ($(spread "$work/$2-kamailio-per_s")) | $(ratio "$(m "$2-dropwire-per_s")" "$(m "$2-kamailio-per_s")") | $3 |"
  echo "| CPU µs each, at that rate | $(m "$2-dropwire-us_each") | Kamailio $(m "$2-kamailio-us_each") | $(ratio "$(m "$2-kamailio-us_each")" "$(m "$2-dropwire-us_each")") | |"
}
cat <<TABLE
## SIP

\`tests/bench/sip_bench.sh\`, $rounds alternating rounds, of memory and storms $slow, medians (least to most); $(date -u +%F), $(nproc) cores, Linux $(uname -r), $(kamailio -v | sed -nE '1s/^version: kamailio ([^ ]+) .*/Kamailio \1/p'),
libosip2 $(dpkg-query -W -f '${Version}' libosip2-dev). The proxy is pinned to core 0, the phones and the central server, one process, to core 1; a process that is
asked straight, without a proxy, does $(m register-straight-per_s) REGISTERs and $(m calls-straight-per_s) calls a second.

| figure | Dropwire | beside it | ratio | goal |
| --- | --- | --- | --- | --- |
$(rated "REGISTER round trips a second ($(m register-dropwire-octets) octets, refreshes of 1,000 phones)" register "at least 1.5")
$(rated "calls a second, INVITE to BYE, no media ($(m calls-dropwire-octets) octets)" calls "at least 1.2")
$(rated "the same with SDP ($(m sdp-dropwire-octets) octets), 2,000 in a row, for each of which Dropwire opens a relay stream and Kamailio does nothing" sdp "")
| lost, refused, wrong, sent again in those runs, of REGISTERs / calls / calls with SDP | $(for k in register calls sdp; do echo "$(m $k-dropwire-lost) $(m $k-dropwire-refused) $(m $k-dropwire-wrong) $(m $k-dropwire-resent)"; done | paste -sd /) | Kamailio $(for k in register calls sdp; do echo "$(m $k-kamailio-lost) $(m $k-kamailio-refused) $(m $k-kamailio-wrong) $(m $k-kamailio-resent)"; done | paste -sd /) | | none |
| an INVITE with SDP ($(sed -n 's/^invite octets=//p' "$work/parse" 2>/dev/null) octets) read, rewritten and written: ns | $(parsed with-sdp dropwire) | libosip2 $(parsed with-sdp osip) | $(parsed with-sdp ratio) | at least 10 |
| the same, its body as it came | $(parsed without-sdp dropwire) | libosip2 $(parsed without-sdp osip) | $(parsed without-sdp ratio) | |
| memory for each registered phone, 10,000 idle, KiB (user) | $(m memory-dropwire-kib_per_phone) ($(spread "$work/memory-dropwire-kib_per_phone")) | | | at most 8 |
| 10,000 phones register again while the server is silent for 10 s: seconds from its return until all are back | $(m storm-dropwire-10-seconds) | no limit: Kamailio $(m storm-kamailio-10-seconds) | | |
| REGISTERs that the server saw in the busiest second ($rate a second allowed) | $(m storm-dropwire-10-peak) | Kamailio $(m storm-kamailio-10-peak) | | at most $rate |
| 10,000 phones register again within 1 s, the server answers: seconds until all are back | $(m storm-dropwire-0-seconds) | no limit: Kamailio $(m storm-kamailio-0-seconds) | | |
| REGISTERs that the server saw in the busiest second ($rate a second allowed) | $(m storm-dropwire-0-peak) | Kamailio $(m storm-kamailio-0-peak) | | at most $rate |
| phones that never came back, told to come later, refused (outage / none) | $((10000 - $(m storm-dropwire-10-back | grep -o '[0-9]\+' || echo 10000))) $(m storm-dropwire-10-later) $(m storm-dropwire-10-refused) / $((10000 - $(m storm-dropwire-0-back | grep -o '[0-9]\+' || echo 10000))) $(m storm-dropwire-0-later) $(m storm-dropwire-0-refused) | | | 0 |

Both proxies do the same with the messages: transactions, Contacts of either side hidden behind the proxy's address and
restored, an answer of 100 of their own. Dropwire also keeps a table of bindings and dialogs, and rewrites hosts in the
messages' URIs; Kamailio keeps what it must know in the messages (siputils' encoded Contacts, Record-Route). A call is INVITE, 100, 180, 200,
ACK, BYE, 200; the goal is about calls without media, so its INVITEs have no SDP.
The phones of the storm send again after 0.5, 1, 2, 4, 4… s, obey Retry-After, and wait 100 s when they are refused otherwise.
TABLE
