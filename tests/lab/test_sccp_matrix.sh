#!/usr/bin/env bash
# Each kind of home router × {edge on the LAN, hosted, edge behind hosted} × phones of three protocol versions: they
# register, call each other both ways, hold, resume, are transferred and hang up, and hear each other octet for octet.
# Nothing of it remains afterwards. Two phones on one LAN talk directly. tshark, which shares no code with us, reads both
# sides of the hosted Dropwire and of one edge: every address is Dropwire's, no address of a home leaves it, and nothing
# else is changed.
. "$(dirname "$0")/lab.sh"
lab_begin 280
command -v tshark >/dev/null || lab_skip "tshark is not installed"
. "$(dirname "$0")/sccp_judge.sh"

lab_internet
lab_carrier carrier masq
lab_carrier shuffler random
homes=(masq random fullcone carrier-masq carrier-random)
paths=(edge hosted behind)
versions=(11 17 22)
lab_home masq masq edge
home_host masq second 51 # early, as a new port may change the bridge's MAC address, and ARP caches would keep the old one
lab_home random random edge
lab_home fullcone fullcone edge
lab_home carrier-masq masq carrier=carrier edge
lab_home carrier-random random carrier=shuffler edge

# Phone 1h0pv0 and its pair: home, path and version in the name and in the extension.
number() { echo "$1$2$3$4"; }                         # HOME PATH VERSION PHONE, each a digit
device() { printf 'SEP00000000%04d' "$1"; }   # of an extension
devices=()
for h in {1..5}; do for p in 1 2 3; do for v in 1 2 3; do for r in 0 1; do
  n=$(number $h $p $v $r)
  devices+=(--device "$(device "$n")=$n")
done; done; done; done
# One server relays media itself, back to its source, as it must for an edge behind a router; the other gives each phone
# the other one's address: ours.
lab_spawn central server-a "$DW_LAB_TOOLS/lab_sccp_server" --listen $CENTRAL:2000 --dialect chan_sccp --symmetric --for 270 --strict "${devices[@]}"
lab_spawn central server-b "$DW_LAB_TOOLS/lab_sccp_server" --listen $CENTRAL:2001 --dialect cucm --direct --rtp 40000 --for 270 --strict "${devices[@]}"

quick=(--set access.tftp.enable=false --set access.http.enable=false --set access.sip.enable=false)
dropwire_start hosted hosted --mode hosted "${quick[@]}" --set access.sccp.text=blank --set "access.listen=[\"$HOSTED\"]" --set "central.sccp.servers=[\"$CENTRAL:2001\"]"
for home in "${homes[@]}"; do
  dropwire_start "$home-edge" "edge-$home" --mode edge "${quick[@]}" --set media.ports=20000-24999 \
    --set "central.sccp.servers=[\"$CENTRAL:2000\"]"
  dropwire_start "$home-edge" "behind-$home" --mode edge "${quick[@]}" --set access.sccp.port=2002 --set media.ports=25000-29999 \
    --set admin.listen=127.0.0.1:8078 --set "central.sccp.servers=[\"$HOSTED:2000\"]"
done
judge_begin hosted eth0
judge_begin masq-edge eth0

# Two phones of one home, on one path, of one version: the first calls, then the second; the echo gets what is transferred.
at_of() { case $1 in edge) echo $EDGE:2000 ;; hosted) echo $HOSTED:2000 ;; behind) echo $EDGE:2002 ;; esac; }
converse() { # HOME-INDEX PATH-INDEX VERSION-INDEX
  local home=${homes[$1]} path=${paths[$2]} version=${versions[$3]} first
  first=$(number $(($1 + 1)) $(($2 + 1)) $(($3 + 1)) 0)
  lab_in "$home-phone" timeout 60 "$DW_LAB_TOOLS/lab_sccp_phone" --server "$(at_of "$path")" --device "$(device "$first")" \
    --version "$version" --phones 2 --first-ext "$first" --rtp $((16384 + 400 * (3 * $2 + $3))) --for 55 --do "
      register; wait registered 15
      0: dial +1; 1: wait ringing 15; 1: answer; wait media 15
      0: expect-rtp 40 from +1 15; 1: expect-rtp 50 from -1 15
      0: hold; 0: wait held 15; 0: expect-silence 300ms; 0: resume; 0: wait media 15
      0: expect-rtp 30 15; 1: expect-rtp 60 15; 1: hangup; wait ended 15
      1: dial -1; 0: wait ringing 15; 0: answer; wait media 15
      1: expect-rtp 40 15; 0: expect-rtp 40 15
      0: transfer 600; 0: wait proceeding 15; 0: transfer; 0: wait ended 15
      1: expect-rtp 40 15; 1: hangup; 1: wait ended 15
      unregister; wait unregistered 15" >"$LAB_DIR/call-$home-$path-$version.log" 2>&1
  echo $? >"$LAB_DIR/call-$home-$path-$version.status"
}
for h in "${!homes[@]}"; do
  waiting=()
  for p in "${!paths[@]}"; do for v in "${!versions[@]}"; do
    converse "$h" "$p" "$v" &
    waiting+=($!)
  done; done
  wait "${waiting[@]}"
  for path in "${paths[@]}"; do for version in "${versions[@]}"; do
    check "${homes[$h]}, $path, version $version: called both ways, held, resumed, transferred, heard each other" \
      test "$(cat "$LAB_DIR/call-${homes[$h]}-$path-$version.status")" = 0
  done; done
done

# Nothing is left: no stream, no call, no connection.
cli() { "$DW_BIN" status --json --socket "$LAB_DIR/$1/control.sock" -c "$LAB_DIR/empty.toml"; }
empty() { cli "$1" | tr -d ' \n' | grep -q '"streams":0'; }
for name in hosted $(printf 'edge-%s behind-%s ' $(for home in "${homes[@]}"; do echo "$home" "$home"; done)); do
  check "$name: all streams are closed" wait_until 20 empty "$name"
  check "$name: no call is left" sh -c "'$DW_BIN' calls --json --socket '$LAB_DIR/$name/control.sock' -c '$LAB_DIR/empty.toml' | tr -d ' \n' | grep -q '\"total\":0,'"
done

# Two phones on the edge's LAN get each other's address: their audio never passes the edge.
lan() { # HOST SCRIPT ARGUMENT...
  local host=$1 script=$2
  shift 2
  lab_in "$host" timeout 60 "$DW_LAB_TOOLS/lab_sccp_phone" --server $EDGE:2003 --for 50 --do "$script" "$@" >"$LAB_DIR/lan-$host.log" 2>&1
  echo $? >"$LAB_DIR/lan-$host.status"
}
dropwire_start masq-edge lan --mode edge "${quick[@]}" --set access.sccp.port=2003 --set admin.listen=127.0.0.1:8077 \
  --set "central.sccp.servers=[\"$CENTRAL:2001\"]"
lan masq-second "register; wait registered 15; wait ringing 20; answer; wait media 15; expect-rtp 100 15; wait ended 20" \
  --device "$(device 1211)" --first-ext 1211 &
waiting=($!)
wait_until 15 log_has lan-masq-second 'registered keepalive' || fail "there is nobody to call"
lan masq-phone "register; wait registered 15; dial 1211; wait media 15; expect-rtp 150 15; hangup; wait ended 15" \
  --device "$(device 1210)" --first-ext 1210 &
waiting+=($!)
wait "${waiting[@]}"
check "two phones on one LAN hear each other" test "$(cat "$LAB_DIR/lan-masq-phone.status")$(cat "$LAB_DIR/lan-masq-second.status")" = 00
check "and send to each other" grep -q 'transmit-started.*remote=192.168.1.51:' "$LAB_DIR/lan-masq-phone.log"
passed=$(lab_in masq-edge curl -s http://127.0.0.1:8077/metrics | awk '/^dropwire_media_packets_total/ { n += $2 } END { print n + 0 }')
check "their audio never passed the edge ($passed packets)" test "$passed" = 0
dropwire_stop lan

judge_end hosted
judge_end masq-edge
judge hosted "$HOSTED" 2000 "$CENTRAL:2001" blank
judge_octets hosted "$CENTRAL:2001"
judge masq-edge $EDGE 2000 "$CENTRAL:2000"
judge_self_check hosted "$HOSTED" 2000 "$CENTRAL:2001" blank
judge_self_check masq-edge $EDGE 2000 "$CENTRAL:2000"

for name in server-a server-b; do check "$name: no phone sent what it should not" sh -c "! grep -q problem $LAB_DIR/$name.log"; done
dropwire_stop hosted
for home in "${homes[@]}"; do
  dropwire_stop "edge-$home"
  dropwire_stop "behind-$home"
done
lab_done
