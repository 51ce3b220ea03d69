#!/usr/bin/env bash
# Measures the media relay against rtpengine (Debian's, userspace, one thread) in alternating runs and writes the section
# "Media relay" of RESULTS.md. Needs root (or sudo), two cores, python3 and rtpengine-daemon (its service may be off: it
# is run by hand, in a namespace of its own), and about ten minutes.
#   BENCH_ROUNDS=3     rounds of each; prints medians, minimum and maximum
#   BENCH_OUT=…        where the section goes (default: RESULTS.md beside this file)
#   BENCH_TOOLS=…      the folder of media_gen and media_relay_host (default: built into build/bench)
#   BENCH_PARTS=…      of: packet calls streams overload memory (default: all of these); or kernel alone: the section
#                      "Media in the kernel", about five minutes
#   BENCH_OLD_TOOLS=…  the same folder of an older build: packet and overload of both relays in turns, printed, and nothing else;
#                      needs no rtpengine, and about four minutes with BENCH_ROUNDS=7
#   BENCH_CAPACITY=…   streams that a core carries, for overload without streams (default: 1500)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
if [[ -z ${BENCH_TOOLS:-} ]]; then
  cmake -G Ninja -S "$top" -B "$top/build/bench" -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null &&
    cmake --build "$top/build/bench" --target media_gen media_relay_host >&2 || exit 2
  export BENCH_TOOLS=$top/build/bench/tests
fi
export BENCH_TOOLS DW_BIN=/bin/true DW_LAB_TOOLS=$BENCH_TOOLS
export BENCH_ROUNDS=${BENCH_ROUNDS:-3} BENCH_OUT=${BENCH_OUT:-$here/RESULTS.md}
# shellcheck source=tests/lab/lab.sh disable=SC2317
. "$here/../lab/lab.sh"
lab_begin 2400
tools=(rtpengine python3 perf taskset)
[[ -z ${BENCH_OLD_TOOLS:-} ]] || tools=(taskset)
for tool in "${tools[@]}"; do command -v $tool >/dev/null || lab_skip "$tool is not installed"; done
parts=" ${BENCH_PARTS:-packet calls streams overload memory} "
most=4600 # streams: what a limit of 20,000 descriptors has room for
ulimit -n "$(ulimit -Hn)"

say() { echo "$*" >&2; }
field() { sed -nE "s/.*(^| )$2=([0-9.]+).*/\2/p" <<<"$1"; }
keep() { echo "$2" >>"$LAB_DIR/figures-$1"; } # NAME VALUE
median() { sort -g "$LAB_DIR/figures-$1" 2>/dev/null | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "none" }'; }
spread() { sort -g "$LAB_DIR/figures-$1" 2>/dev/null | awk 'NR == 1 { a = $1 } { b = $1 } END { print a " to " b }'; }
calc() { awk "BEGIN { printf \"$1\", $2 }"; }

# ---- phone 10.77.1.2 == 10.77.1.1 box 10.77.2.1 == 10.77.2.2 server, and a cable from phone to server ----
for host in phone box server; do
  host_make $host
  lab_in $host sysctl -qw net.ipv6.conf.all.disable_ipv6=1
done
cable() { # NUMBER HOST: between the box and a party
  ip link add eth0 netns "$(ns "$2")" address "02:00:00:00:0$1:02" type veth peer name "to-$2" netns "$(ns box)" \
    address "02:00:00:00:0$1:01"
  ip -n "$(ns "$2")" link set eth0 up
  ip -n "$(ns box)" link set "to-$2" up
  host_address "$2" eth0 "10.77.$1.2/24"
  host_address box "to-$2" "10.77.$1.1/24"
  ip -n "$(ns box)" neigh replace "10.77.$1.2" lladdr "02:00:00:00:0$1:02" nud permanent dev "to-$2"
}
cable 1 phone
cable 2 server
ip link add direct netns "$(ns phone)" type veth peer name direct netns "$(ns server)"
for host in phone server; do
  ip -n "$(ns $host)" link set direct up
  # Behind the generator's tap nobody is at home.
  lab_in $host nft -f - <<'NFT'
table netdev sink {
  chain eth0 { type filter hook ingress device "eth0" priority 0; udp dport 1024-65535 drop; }
  chain direct { type filter hook ingress device "direct" priority 0; udp dport 1024-65535 drop; }
}
NFT
done

# start NAME STREAMS [FIRST LAST]: the relay on core 0, its media ports from FIRST to LAST; its ports in NAME.map, its process in LAB_PID[NAME]. Both relays and the
# generator have the highest priority, for when other work runs beside.
start() {
  : >"$LAB_DIR/$1.log"
  case $1 in
    dropwire | old | fast)
      local tools=$BENCH_TOOLS interfaces=()
      [[ $1 == fast ]] && interfaces=(to-phone to-server)
      [[ $1 != old ]] || tools=$BENCH_OLD_TOOLS
      lab_spawn box $1 nice -n -20 taskset -c 0 "$tools/media_relay_host" "$2" "$LAB_DIR/$1.map" 1 "${3:-20000}" "${4:-29999}" "${interfaces[@]}"
      wait_until 30 log_has $1 ^ready || { cat "$LAB_DIR/$1.log" >&2; exit 2; }
      opened=$(grep ^ready "$LAB_DIR/$1.log")
      ;;
    rtpengine)
      lab_spawn box rtpengine nice -n -20 taskset -c 0 rtpengine --config-file=none --table=-1 --interface=int/10.77.1.1 \
        --interface=ext/10.77.2.1 --listen-ng=127.0.0.1:2223 --port-min=10000 --port-max=19999 --num-threads=1 \
        --timeout=3600 --silent-timeout=3600 --foreground --log-stderr --log-level=3
      wait_until 10 lab_in box bash -c 'ss -Hlun sport = 2223 | grep -q .' || { say "rtpengine did not start"; exit 2; }
      opened=$(lab_in box python3 "$here/media_rtpengine.py" "$2" "$LAB_DIR/rtpengine.map") || { say "$opened"; exit 2; }
      sleep 3.2 # it waits 3 s before it believes where packets come from
      ;;
  esac
}
gen() { # CORE KEY=VALUE…
  local core=$1
  shift
  nice -n -20 taskset -c "$core" "$BENCH_TOOLS/media_gen" "$(ns phone)" "$(ns server)" "$@"
}
# calls_per_packet NAME GENERATOR-ARGUMENT…: while the generator runs, one second is counted.
calls_per_packet() {
  local name=$1 calls result
  shift
  gen "$@" seconds=3 >"$LAB_DIR/gen.out" &
  sleep 1
  calls=$(perf stat -x , -e raw_syscalls:sys_enter -p "${LAB_PID[$name]}" -- sleep 1 2>&1 | awk -F , '/sys_enter/ { print $1 }')
  wait $!
  result=$(<"$LAB_DIR/gen.out")
  calc %.2f "$calls / $(field "$result" received)"
}

# ---- an older relay beside the new one ----
if [[ -n ${BENCH_OLD_TOOLS:-} ]]; then
  start dropwire 1000 20000 24999
  start old 1000 25000 29999
  cost() { field "$(gen 0 window=256 warm=0.2 seconds=0.4 "$@")" ns_per_packet; }
  bare=$(cost direct=1)
  for ((turn = 1; turn <= 4 * BENCH_ROUNDS; turn++)); do
    if ((turn % 2)); then order="old dropwire"; else order="dropwire old"; fi
    for relay in $order; do
      each=$(cost map="$LAB_DIR/$relay.map")
      after=$(cost direct=1)
      keep packet-$relay "$(calc %.1f "$each - ($bare + $after) / 2")"
      bare=$after
    done
    keep bare "$bare"
    say "packet, turn $turn: old $(tail -n 1 "$LAB_DIR/figures-packet-old"), new $(tail -n 1 "$LAB_DIR/figures-packet-dropwire"), bare $bare"
  done
  lab_stop dropwire
  lab_stop old
  capacity=${BENCH_CAPACITY:-1500}
  for ((round = 1; round <= BENCH_ROUNDS; round++)); do
    if ((round % 2)); then order="old dropwire"; else order="dropwire old"; fi
    for relay in $order; do
      start $relay $((2 * capacity))
      result=$(gen 1 map="$LAB_DIR/$relay.map" streams=$((2 * capacity)) warm=0.5 seconds=1.5 then=$((capacity / 2)) for=4)
      say "overload, round $round, $relay: $result"
      keep recovery-$relay "$(field "$result" recovery)"
      lab_stop $relay
    done
  done
  within() { paste "$LAB_DIR/figures-$1-dropwire" "$LAB_DIR/figures-$1-old" | awk '$2 > 0 { printf "%.3f\n", $1 / $2 }' >"$LAB_DIR/figures-within"; }
  row() { # TEXT NAME
    within "$2"
    echo "| $1 | $(median "$2-dropwire") [$(spread "$2-dropwire")] | $(median "$2-old") [$(spread "$2-old")] | $(calc %.3f "($(median "$2-old") > 0 ? $(median "$2-dropwire") / $(median "$2-old") : 0)") | $(median within) [$(spread within)] |"
  }
  cat <<MD
### Media, an older relay beside the new one

$BENCH_ROUNDS rounds in turns, $(date -u +%F), $(nproc) cores. Medians, least and most in brackets; the last column is new / old within a turn. The bare generator: $(median bare) ns [$(spread bare)].

| what | new | old | ratio of medians | ratio within a turn |
| --- | --- | --- | --- | --- |
$(row "CPU a relayed packet, 1,000 streams, one core: ns" packet)
$(row "from $((2 * capacity)) streams back to $((capacity / 2)): seconds until p50 is under 1 ms for half a second" recovery)
MD
  exit 0
fi

# ---- the kernel's program: beside forwarding, our sockets and rtpengine ----
if [[ $parts == *' kernel '* ]]; then
  lab_in box sysctl -qw net.ipv4.ip_forward=1
  start dropwire 1000 20000 24999
  start rtpengine 1000
  cost() { field "$(gen 0 window=256 warm=0.2 seconds=0.4 "$@")" ns_per_packet; }
  way() { # NAME: what the generator is to do
    case $1 in
      forward) cost forward=1 ;;
      fast) # it is in the kernel only meanwhile, as a look at its table would cost the others something
        start fast 1000 25000 29999
        cost map="$LAB_DIR/fast.map" warm=0.8
        lab_stop fast
        ;;
      *) cost map="$LAB_DIR/$1.map" ;;
    esac
  }
  ways=(fast forward dropwire rtpengine)
  for ((turn = 0; turn < 8 * BENCH_ROUNDS; turn++)); do
    bare=$(cost direct=1)
    line=$bare
    for ((i = 0; i < 4; i++)); do
      name=${ways[(turn + i) % 4]}
      declare "each_$name=$(way "$name")"
    done
    after=$(cost direct=1)
    say "packet, turn $turn: bare $bare, fast $each_fast, forward $each_forward, sockets $each_dropwire, rtpengine $each_rtpengine, bare $after"
    echo "$bare $after $each_fast $each_forward $each_dropwire $each_rtpengine" >>"$LAB_DIR/turns"
  done
  awk -v all="$LAB_DIR/figures-" '
    NR == FNR { least = NR == 1 || $1 < least ? $1 : least; if ($2 < least) least = $2; next }
    $1 <= 1.15 * least && $2 <= 1.15 * least {
      own = ($1 + $2) / 2
      print own >(all "direct")
      print $3 - own >(all "own-fast"); print $4 - own >(all "own-forward"); print $5 - own >(all "own-dropwire"); print $6 - own >(all "own-rtpengine")
      printf "%.2f\n", ($6 - own) / ($3 - own) >(all "ratio-rtpengine"); printf "%.2f\n", ($3 - own) / ($4 - own) >(all "ratio-forward")
      printf "%.2f\n", ($6 - own) / ($5 - own) >(all "ratio-sockets")
    }' "$LAB_DIR/turns" "$LAB_DIR/turns"
  calm="$(wc -l <"$LAB_DIR/figures-ratio-forward") of $(wc -l <"$LAB_DIR/turns")"
  lab_stop dropwire
  lab_stop rtpengine
  for ((round = 1; round <= BENCH_ROUNDS; round++)); do
    for name in fast rtpengine; do
      start $name 500
      for run in 1 2 3; do
        result=$(gen 1 map="$LAB_DIR/$name.map" streams=500 warm=1 seconds=1.5)
        say "500 streams, round $round.$run, $name: $result"
        keep delay-$name "$(field "$result" p50)"
      done
      lab_stop $name
    done
    for run in 1 2 3; do
      result=$(gen 1 forward=1 streams=500 warm=0.5 seconds=1.5)
      keep delay-forward "$(field "$result" p50)"
    done
    for streams in 1000 2000 3000 4000 4600; do
      start fast $streams 20000 39999
      result=$(gen 1 map="$LAB_DIR/fast.map" streams=$streams warm=$((streams / 400)) seconds=2)
      say "fast, round $round, $streams streams: $result"
      lab_stop fast
      awk -v loss="$(field "$result" loss)" -v p50="$(field "$result" p50)" 'BEGIN { exit !(loss < 0.1 && p50 < 5000) }' || break
      carried=$streams
      misled=$(calc %d "${misled:-0} + $(field "$result" misled) + $(field "$result" disordered)")
      moved=$(calc %d "${moved:-0} + 2 * $(field "$result" received)")
    done
    keep streams-fast "$carried"
    start rtpengine 1500
    for streams in 500 600 700 800 900 1000 1100 1200 1350 1500 1700 2000 2500; do
      result=$(gen 1 map="$LAB_DIR/rtpengine.map" streams=$streams warm=0.5 seconds=1.5)
      awk -v loss="$(field "$result" loss)" -v p50="$(field "$result" p50)" 'BEGIN { exit !(loss < 0.1 && p50 < 5000) }' || break
      carried=$streams
    done
    say "rtpengine, round $round: $carried streams"
    keep streams-rtpengine "$carried"
    lab_stop rtpengine
  done
  sed -i '/^## Media in the kernel$/,/^## /{/^## Media in the kernel$/d;/^## /!d}' "$BENCH_OUT"
  cat >>"$BENCH_OUT" <<MD
## Media in the kernel

Made by \`BENCH_PARTS=kernel BENCH_ROUNDS=$BENCH_ROUNDS tests/bench/media_bench.sh\` on $(date -u +%F): $(nproc) cores, Linux $(uname -r | cut -d - -f 1), against plain forwarding and
$(rtpengine --version 2>&1 | sed -nE 's/.*Version: ([^ ]+).*/rtpengine \1/p') (userspace, one thread), in turns. Medians; least and most in brackets. 172-octet payloads, no UDP checksum.

| what | Dropwire, by the kernel | beside it | ratio | goal |
| --- | --- | --- | --- | --- |
| CPU a relayed packet, 1,000 streams, one core: ns | $(median own-fast) [$(spread own-fast)] | rtpengine $(median own-rtpengine) [$(spread own-rtpengine)] | $(median ratio-rtpengine) [$(spread ratio-rtpengine)] times less | ≥ 20 |
| the same | | \`ip_forward\` $(median own-forward) [$(spread own-forward)] | $(median ratio-forward) [$(spread ratio-forward)] | ≤ 1.35 |
| the same, by our sockets | $(median own-dropwire) [$(spread own-dropwire)] | rtpengine, as above | $(median ratio-sockets) [$(spread ratio-sockets)] times less | ≥ 1.7 |
| streams on one core, 50 packets a second each way, loss under 0.1 %, p50 under 5 ms (4,600 is the most that 20,000 descriptors have room for) | $(median streams-fast) [$(spread streams-fast)] | rtpengine $(median streams-rtpengine) [$(spread streams-rtpengine)] | $(calc %.2f "$(median streams-fast) / $(median streams-rtpengine)") | ≥ 4.5 |
| delay at 500 streams, p50: µs; by \`ip_forward\` $(median delay-forward) [$(spread delay-forward)] | $(median delay-fast) [$(spread delay-fast)] | rtpengine $(median delay-rtpengine) [$(spread delay-rtpengine)] | | ≤ 5 more than by \`ip_forward\` |
| of ${moved:-0} packets: to a wrong port, or out of order | ${misled:-none} | | | 0 |

The first three rows: a closed loop with 256 packets under way, generator and relay on one core, less what the generator costs without a relay ($(median direct) ns); $calm turns were calm and count. The other rows: the
generator has core 1, where the kernel also handles what arrives at the box, and so carries; the relays' own threads have core 0.
MD
  sed -n '/^## Media in the kernel$/,$p' "$BENCH_OUT" >&2
  exit 0
fi

# ---- what a packet costs: relay and generator on one core, 256 packets under way, 1000 streams ----
# Each turn measures the bare generator before and after. Only turns count in which it cost at most 1.15 times its least
# both times: the others show the machine's other work. (The relays' own figures decide nothing here.)
if [[ $parts == *' packet '* ]]; then
  start dropwire 1000
  start rtpengine 1000
  cost() { field "$(gen 0 window=256 warm=0.2 seconds=0.4 "$@")" ns_per_packet; }
  bare=$(cost direct=1)
  for ((turn = 1; turn <= 10 * BENCH_ROUNDS; turn++)); do
    if ((turn % 2)); then
      ours=$(cost map="$LAB_DIR/dropwire.map") theirs=$(cost map="$LAB_DIR/rtpengine.map")
    else
      theirs=$(cost map="$LAB_DIR/rtpengine.map") ours=$(cost map="$LAB_DIR/dropwire.map")
    fi
    after=$(cost direct=1)
    say "packet, turn $turn: bare $bare, dropwire $ours, rtpengine $theirs, bare $after"
    echo "$bare $ours $theirs $after" >>"$LAB_DIR/turns"
    bare=$after
  done
  awk -v all="$LAB_DIR/figures-" '
    NR == FNR { least = NR == 1 || $1 < least ? $1 : least; if ($4 < least) least = $4; next }
    $1 <= 1.15 * least && $4 <= 1.15 * least {
      own = ($1 + $4) / 2
      print own >(all "direct"); print $2 - own >(all "own-dropwire"); print $3 - own >(all "own-rtpengine")
      printf "%.2f\n", ($3 - own) / ($2 - own) >(all "ratio")
    }' "$LAB_DIR/turns" "$LAB_DIR/turns"
  calm="$(wc -l <"$LAB_DIR/figures-ratio") of $(wc -l <"$LAB_DIR/turns")"
  say "packet: $calm turns were calm, ratio $(median ratio) [$(spread ratio)]"
  lab_stop dropwire
  lab_stop rtpengine
fi

# ---- system calls ----
if [[ $parts == *' calls '* ]]; then
  for relay in dropwire rtpengine; do
    start $relay 1000
    for ((round = 1; round <= BENCH_ROUNDS; round++)); do
      for streams in 100 1000; do
        keep "calls-$relay-$streams" "$(calls_per_packet $relay 0 map="$LAB_DIR/$relay.map" streams=$streams window=256)"
        keep "paced-$relay-$streams" "$(calls_per_packet $relay 1 map="$LAB_DIR/$relay.map" streams=$streams pps=50)"
      done
    done
    for streams in 100 1000; do
      say "$relay, $streams streams: $(median calls-$relay-$streams) calls a packet at full load, $(median paced-$relay-$streams) at 50 packets a second"
    done
    lab_stop $relay
  done
fi

# ---- streams: relay on core 0, generator on core 1, 50 packets a second each way ----
carries() { # RELAY STREAMS: twice at most
  local try result
  for try in 1 2; do
    result=$(gen 1 map="$LAB_DIR/$1.map" streams="$2" warm=0.5 seconds=1.5)
    awk -v loss="$(field "$result" loss)" -v p50="$(field "$result" p50)" -v skipped="$(field "$result" skipped)" -v n="$2" \
      'BEGIN { exit !(loss < 0.1 && p50 < 5000 && skipped < 0.02 * n * 100 * 2) }' && return 0
    # rtpengine was seen to relay nothing any more after a stall of the machine.
    [[ $(field "$result" received) == 0 ]] && { say "$1 relays nothing any more: restarted"; lab_stop "$1"; start "$1" 4000; }
  done
  return 1
}
if [[ $parts == *' streams '* ]]; then
  start dropwire 4000
  start rtpengine 4000
  for ((round = 1; round <= BENCH_ROUNDS; round++)); do
    for run in 1 2 3; do
      for relay in dropwire rtpengine; do
        result=$(gen 1 map="$LAB_DIR/$relay.map" streams=500 warm=0.5 seconds=1.5)
        say "500 streams, round $round.$run, $relay: $result"
        keep delay-$relay "$(field "$result" p50)"
      done
    done
    for relay in dropwire rtpengine; do
      low=300 high=4000 n=700
      while ((n < high)); do
        if carries $relay $n; then low=$n; else high=$n; fi
        if ((high == 4000)); then n=$((n * 135 / 100)); else n=$((high * 100 / low > 106 ? (low + high) / 2 : high)); fi
      done
      say "streams, round $round, $relay: $low"
      keep streams-$relay $low
    done
  done
  lab_stop dropwire
  lab_stop rtpengine
fi

# ---- twice the capacity for two seconds, then half of it ----
if [[ $parts == *' overload '* ]]; then
  capacity=$(median streams-dropwire)
  [[ $capacity == none ]] && capacity=${BENCH_CAPACITY:-1500}
  for relay in dropwire rtpengine; do
    carried=$(median streams-$relay)
    [[ $carried == none ]] && carried=850
    twice=$((2 * carried < most ? 2 * carried : most))
    start $relay $twice
    for ((round = 1; round <= BENCH_ROUNDS; round++)); do
      result=$(gen 1 map="$LAB_DIR/$relay.map" streams=$twice warm=0.5 seconds=1.5 then=$((carried / 2)) for=4)
      say "overload, round $round, $relay, $twice streams, then $((carried / 2)): $result"
      keep recovery-$relay "$(field "$result" recovery)"
      sleep 1
    done
    lab_stop $relay
  done
fi

# ---- memory, set-ups ----
slab() { awk '/^Slab:/ { print $2 }' /proc/meminfo; }
resident() { awk '/^VmRSS/ { print $2 }' "/proc/${LAB_PID[$1]}/status"; }
if [[ $parts == *' memory '* ]]; then
  for ((round = 1; round <= BENCH_ROUNDS; round++)); do
    before=$(slab)
    start dropwire 4000
    keep slab "$(calc %.1f "($(slab) - $before) / 4000")"
    keep setups "$(field "$opened" setups_per_s)"
    gen 1 map="$LAB_DIR/dropwire.map" streams=4000 pps=5 seconds=2 >/dev/null
    keep resident "$(calc %.2f "($(resident dropwire) - $(field "$opened" rss_before_kib)) / 4000")"
    lab_stop dropwire
    say "memory, round $round: $(tail -n 1 "$LAB_DIR/figures-resident") KiB user, $(tail -n 1 "$LAB_DIR/figures-slab") KiB kernel, $(tail -n 1 "$LAB_DIR/figures-setups") set-ups/s"
  done
  start rtpengine 1
  before=$(resident rtpengine)
  lab_stop rtpengine
  start rtpengine 2000
  keep resident-rtpengine "$(calc %.1f "($(resident rtpengine) - $before) / 2000")"
  keep setups-rtpengine "$(field "$opened" setups_per_s)"
  lab_stop rtpengine
fi

# ---- the section ----
direct=$(median direct)
[[ $(median streams-dropwire) == none ]] || more=$(calc %.2f "$(median streams-dropwire) / $(median streams-rtpengine)")
sed -i '/^## Media relay$/,/^## /{/^## Media relay$/d;/^## /!d}' "$BENCH_OUT"
cat >>"$BENCH_OUT" <<MD
## Media relay

Made by \`BENCH_ROUNDS=$BENCH_ROUNDS tests/bench/media_bench.sh\` on $(date -u +%F): $(nproc) cores, Linux $(uname -r | cut -d - -f 1), against
$(rtpengine --version 2>&1 | sed -nE 's/.*Version: ([^ ]+).*/rtpengine \1/p') (userspace, one thread) in alternating runs. Medians; least and most in brackets. 172-octet payloads.

| what | Dropwire | rtpengine | ratio | goal |
| --- | --- | --- | --- | --- |
| CPU a relayed packet, 1,000 streams, one core: ns | $(median own-dropwire) [$(spread own-dropwire)] | $(median own-rtpengine) [$(spread own-rtpengine)] | $(median ratio) [$(spread ratio)] | ≥ 1.7 |
| system calls a relayed packet at full load, 100 streams | $(median calls-dropwire-100) | $(median calls-rtpengine-100) | | ≤ 2.3 |
| the same, 1,000 streams | $(median calls-dropwire-1000) | $(median calls-rtpengine-1000) | | ≤ 2.3 |
| the same with a core to spare, 100 streams at 50 packets a second each way: a wake-up for almost each packet | $(median paced-dropwire-100) | $(median paced-rtpengine-100) | | |
| streams on one core, 50 packets a second each way, loss under 0.1 %, p50 under 5 ms | $(median streams-dropwire) [$(spread streams-dropwire)] | $(median streams-rtpengine) [$(spread streams-rtpengine)] | ${more:-none} | ≥ 1.5 |
| added delay at 500 streams, p50: µs | $(median delay-dropwire) [$(spread delay-dropwire)] | $(median delay-rtpengine) [$(spread delay-rtpengine)] | | ≤ rtpengine's |
| from twice the capacity back to half: seconds until p50 is under 1 ms for half a second | $(median recovery-dropwire) [$(spread recovery-dropwire)] | $(median recovery-rtpengine) [$(spread recovery-rtpengine)] | | ≤ 1 |
| memory a stream, user: KiB | $(median resident) [$(spread resident)] | $(median resident-rtpengine) | | ≤ 4 |
| memory a stream, kernel (Slab): KiB | $(median slab) [$(spread slab)] | | | ≤ 14 |
| streams set up a second | $(median setups) [$(spread setups)] | $(median setups-rtpengine), its own offer and answer by a Python client | | ≥ 5000 |

Full load is a closed loop with 256 packets under way, generator and relay on one core: what a packet costs is what the host pays for
it, kernel work and all, less what the generator costs without a relay ($direct ns). Of the turns that measured it, ${calm:-none} were
calm and count: those in which the bare generator cost at most 1.15 times its least. For the streams the relay has core 0 and the generator core 1.
MD
sed -n '/^## Media relay$/,$p' "$BENCH_OUT" >&2
exit 0
