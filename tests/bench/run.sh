#!/usr/bin/env bash
# Measures Dropwire against dnsmasq in alternating runs and writes RESULTS.md. Needs root (or sudo), nothing else to do
# on the machine, and about ten minutes.
#   DW_BIN=…           the daemon (default: build/release/dropwire)      BENCH_ROUNDS=5   runs of each, prints medians
#   BENCH_OUT=…        where the table goes (default: RESULTS.md beside this file)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
export DW_BIN=${DW_BIN:-$top/build/release/dropwire}
if [[ -z ${DW_LAB_TOOLS:-} ]]; then
  cmake -G Ninja -S "$top" -B "$top/build/bench" -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null &&
    cmake --build "$top/build/bench" --target tftp_load lab_shim lab_phone >&2 || exit 2
  export DW_LAB_TOOLS=$top/build/bench/tests
fi
# shellcheck source=tests/lab/lab.sh disable=SC2317
. "$here/../lab/lab.sh"
lab_begin 3000
rounds=${BENCH_ROUNDS:-5}
out=${BENCH_OUT:-$here/RESULTS.md}
size=10000000
command -v dnsmasq >/dev/null || lab_skip "dnsmasq is not installed"

median() { sort -g | awk '{ v[NR] = $1 } END { print NR ? v[int((NR + 1) / 2)] : "none" }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f\n", a / b; else print "none" }'; }
say() { echo "$*" >&2; }
field() { sed -nE "s/.* ?$2=([0-9.]+).*/\1/p" <<<"$1"; }

# ---- TFTP over a veth pair ----
mkdir "$LAB_DIR/files"
head -c $size /dev/urandom >"$LAB_DIR/files/big.sbn"
host_make server
host_make client
ip link add eth0 netns "$(ns server)" type veth peer name eth0 netns "$(ns client)"
for host in server client; do ip -n "$(ns $host)" link set eth0 up; done
host_address server eth0 10.0.0.1/24
host_address client eth0 10.0.0.2/24

# One address stands for all phones here, so what is rationed for each address is not rationed.
unrationed=(--set access.tftp.unproven_rate=10000 --set access.tftp.max_unproven=65536
  --set access.tftp.max_sessions_per_source=65536)
serve() { # dropwire | dnsmasq | dnsmasq_single
  local dnsmasq=(dnsmasq -k --no-resolv --no-hosts --conf-file=/dev/null --port=0 --user=root --pid-file= --enable-tftp
    --tftp-root="$LAB_DIR/files" --tftp-max=2000)
  case $1 in
    dropwire) dropwire_start server served --mode hosted "${unrationed[@]}" \
      --set "central.provisioning.origins=[\"file://$LAB_DIR/files/\"]" ;;
    dnsmasq) lab_spawn server served "${dnsmasq[@]}" ;;
    dnsmasq_single) lab_spawn server served "${dnsmasq[@]}" --tftp-single-port ;;
  esac
  wait_until 10 lab_in client "$DW_LAB_TOOLS/tftp_load" 10.0.0.1 69 big.sbn 1 1428 $size 5 >/dev/null
}
load() { lab_in client "$DW_LAB_TOOLS/tftp_load" 10.0.0.1 69 big.sbn "$1" "$2" $size "${3:-120}"; }

for ((round = 1; round <= rounds; round++)); do
  for server in dropwire dnsmasq_single dnsmasq; do
    serve $server || say "$server did not start"
    for clients in 1 1 1 1 1 128; do  # one client takes a fifth of a second: several runs, for a steady median
      result=$(load $clients 1428)
      say "round $round, $server, $clients clients: $result"
      [[ $(field "$result" ok) == "$clients" ]] || say "NOT ALL CAME THROUGH"
      field "$result" mb_per_s >>"$LAB_DIR/rate-$server-$clients"
      ratio "$(field "$result" slowest)" "$(field "$result" median)" >>"$LAB_DIR/spread-$server-$clients"
    done
    lab_stop served
  done
done
rate() { median <"$LAB_DIR/rate-$1-$2"; }
spread() { median <"$LAB_DIR/spread-$1-$2"; }

# ---- memory ----
serve dropwire
result=$(load 1000 1428 20)
say "1000 clients: $result"
packets=$(field "$result" packets_per_s)
memory=$(awk '/^VmHWM/ { printf "%.1f", $2 / 1024 }' "/proc/${LAB_PID[served]}/status")
active=$(awk -v p="$packets" 'BEGIN { if (p > 0) print "all under way"; else print "nothing moved" }')
lab_stop served

# ---- a cold file through the edge ----
lab_internet
lab_home home masq shim edge
home_host home box 20
lab_shim home delay_us=25000 loss_ppm=20000
web_start central central "$LAB_DIR/files"
lab_spawn home-box lan dnsmasq -k --no-resolv --no-hosts --conf-file=/dev/null --port=0 --user=root --pid-file= \
  --enable-tftp --tftp-root="$LAB_DIR/files"
dropwire_start home-edge edge --mode edge --set "central.provisioning.origins=[\"http://$CENTRAL:6970/\"]"
wall() { field "$("$@")" wall; }
phone() { lab_in home-phone "$DW_LAB_TOOLS/tftp_load" "$1" 69 "$2" 1 512 "$size" 120; }
wall phone 192.168.1.20 big.sbn >/dev/null
for ((round = 1; round <= rounds + 2; round++)); do
  ln "$LAB_DIR/files/big.sbn" "$LAB_DIR/files/cold-$round.sbn"
  through=$(wall phone "$EDGE" cold-$round.sbn)
  wan=$(lab_in home-edge curl -s -m 120 -o /dev/null -w '%{time_total}' "http://$CENTRAL:6970/big.sbn")
  lan=$(wall phone 192.168.1.20 big.sbn)
  say "round $round: through the edge $through s; curl over the WAN $wan s, TFTP on the LAN $lan s"
  echo "$through" >>"$LAB_DIR/through"
  echo "$wan" >>"$LAB_DIR/wan"
  echo "$lan" >>"$LAB_DIR/lan"
done
through=$(median <"$LAB_DIR/through") wan=$(median <"$LAB_DIR/wan") lan=$(median <"$LAB_DIR/lan")
both=$(awk -v a="$wan" -v b="$lan" 'BEGIN { print a + b }')

# ---- the table ----
cat >"$out" <<MD
# How fast it is

Made by \`./dev bench\` (\`tests/bench/run.sh\`) on $(date -u +%F): $(nproc) cores shared by server and clients, Linux
$(uname -r | cut -d - -f 1), TCP congestion control $(cat /proc/sys/net/ipv4/tcp_congestion_control),
$(dnsmasq --version | sed -nE '1s/.*(Dnsmasq version [0-9.]+).*/\1/p'). Medians of $rounds alternating runs
($((rounds + 2)) for the edge); a 10 MB file; MB is 10^6 octets.

| what | Dropwire | against | ratio | goal |
| --- | --- | --- | --- | --- |
| 128 clients, blksize 1428, single port: MB/s | $(rate dropwire 128) | dnsmasq \`--tftp-single-port\`: $(rate dnsmasq_single 128) | $(ratio "$(rate dropwire 128)" "$(rate dnsmasq_single 128)") | ≥ 2.0 |
| the same, against a TID for each transfer: MB/s | $(rate dropwire 128) | dnsmasq: $(rate dnsmasq 128) | $(ratio "$(rate dropwire 128)" "$(rate dnsmasq 128)") | ≥ 1.0 |
| one client, blksize 1428: MB/s | $(rate dropwire 1) | dnsmasq: $(rate dnsmasq 1) (single port: $(rate dnsmasq_single 1)) | $(ratio "$(rate dropwire 1)" "$(rate dnsmasq 1)") | ≥ 1.0 |
| 128 clients: slowest / median completion | $(spread dropwire 128) | dnsmasq: $(spread dnsmasq 128) (single port: $(spread dnsmasq_single 128)) | | ≤ 1.1 |
| cold file through the edge, 50 ms RTT and 2 % loss each way on the WAN, blksize 512 on the LAN: seconds | $through | curl over that WAN $wan + TFTP from dnsmasq on the LAN $lan | $(ratio "$through" "$both") | ≤ 1.15 |
| memory at most (VmHWM), 1000 transfers at once ($active): MiB | $memory | | | ≤ 64 |

The clients are \`tftp_load\` (one thread, lock-step, a port for each); TFTP runs over a veth pair, the WAN is the lab's
shim between namespaces.
MD
cat "$out" >&2
exit 0
