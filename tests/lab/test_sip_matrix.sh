#!/usr/bin/env bash
# Each kind of home router × {edge on the LAN, hosted, edge behind hosted} × Cisco SIP phones over UDP and TCP: they
# register with a digest, call each other both ways, hold, resume, are transferred blind and attended, hang up, unregister,
# and hear each other octet for octet. The phones fail on anything that real ones would not accept. Nothing of
# it remains afterwards. tshark, which shares no code with us, reads both sides of the hosted Dropwire and of one edge.
. "$(dirname "$0")/lab.sh"
lab_begin 280
command -v tshark >/dev/null || lab_skip "tshark is not installed"
. "$(dirname "$0")/sip.sh"
sip_needs
. "$(dirname "$0")/sip_judge.sh"

lab_internet
lab_carrier carrier masq
lab_carrier shuffler random
homes=(masq random fullcone carrier-masq carrier-random)
paths=(edge hosted behind)
BEHIND=192.168.1.11 # an edge's second address
lab_home masq masq edge
home_host masq second 51 # early, as a new port may change the bridge's MAC address, and ARP caches would keep the old one
lab_home random random edge
lab_home fullcone fullcone edge
lab_home carrier-masq masq carrier=carrier edge
lab_home carrier-random random carrier=shuffler edge
# One router lets the phones' port in, as Cisco's own advice was: no phone there has to send from where it listens.
lab_in masq-rtr nft add rule ip lab inbound iifname wan udp dport 5070-5079 dnat to 192.168.1.50

kamailio_start central kamailio NAT
lab_spawn central echo "$DW_LAB_TOOLS/lab_sip_phone" --echo --server $CENTRAL:5060 --bind $CENTRAL --listen-port 5600 --first-ext 600 --phones 3 \
  --device SEP000000000600 --rtp 10000 --for 270
wait_until 5 log_has echo listening || fail "there is no echo"

quick=(--set access.tftp.enable=false --set access.http.enable=false --set access.sccp.enable=false --set access.sip.enable=true
  --set central.sip.register_rate=1000) # thirty-six phones at once
dropwire_start hosted hosted --mode hosted "${quick[@]}" --set "access.listen=[\"$HOSTED\"]" --set "central.sip.servers=[\"udp:$CENTRAL:5060\"]"
upstream=udp # in turn
for home in "${homes[@]}"; do
  host_address "$home-edge" eth0 $BEHIND/24
  dropwire_start "$home-edge" "edge-$home" --mode edge "${quick[@]}" --set media.ports=20000-24999 --set "access.listen=[\"$EDGE\"]" \
    --set "central.sip.servers=[\"$upstream:$CENTRAL:5060\"]"
  dropwire_start "$home-edge" "behind-$home" --mode edge "${quick[@]}" --set media.ports=25000-29999 --set "access.listen=[\"$BEHIND\"]" \
    --set admin.listen=127.0.0.1:8078 --set "central.sip.servers=[\"$upstream:$HOSTED:5060\"]"
  [[ $upstream == udp ]] && upstream=tcp || upstream=udp
done
judge_begin hosted eth0
judge_begin masq-edge eth0

cli() { # NAME COMMAND...
  local name=$1
  shift
  "$DW_BIN" "$@" --socket "$LAB_DIR/$name/control.sock" -c "$LAB_DIR/empty.toml" 2>&1
}

# Two phones of one home, on one path, over one transport: the first calls, then the second; the echo gets what is
# transferred. Models, kinds of hold and of digest in turn.
at_of() { case $1 in edge) echo $EDGE:5060 ;; hosted) echo $HOSTED:5060 ;; behind) echo $BEHIND:5060 ;; esac; }
script='
  register; wait registered 15; sync
  0: dial +1; 1: wait ringing 15; 1: answer; wait connected 15; 0: expect-rtp 30 from +1 15; 1: expect-rtp 30 from -1 15; sync
  0: hold; 0: wait held 15; 1: wait peer-held 15; expect-silence 300ms; sync
  0: resume; 0: wait resumed 15; 1: wait peer-resumed 15; 0: expect-rtp 20 from +1 15; 1: expect-rtp 20 from -1 15; sync
  1: hangup; wait ended 15; heartbeat; wait heartbeat 15; sync
  1: dial -1; 0: wait ringing 15; 0: answer; wait connected 15; 1: expect-rtp 20 from -1 15; 0: expect-rtp 20 from +1 15; sync
  0: transfer 600; 0: wait transferred 15; 0: wait ended 15; 1: wait connected 15; 1: expect-rtp 20 from self 15; 1: wait ended 15; sync
  1: hangup; 1: wait ended 15; refresh; wait registered 15; sync
  0: dial +1 late; 1: wait ringing 15; 1: answer; wait connected 15; expect-rtp 20 15; sync
  0: hold; 0: wait held 15; 1: wait peer-held 15; 0: dial 601; 0: wait early-media 15; 0: expect-rtp 20 from self 15; 0: wait connected 15
  0: transfer-to; 0: wait transferred 15; 1: wait connected 15; 1: expect-rtp 20 from self 15; 0: wait ended 15; 0: wait ended 15; 1: wait ended 15; sync
  1: hangup; 1: wait ended 15; sync
  0: dial +1; 1: wait ringing 15; sync; 0: cancel; wait ended 15; sync
  unregister; wait unregistered 15'
converse() { # HOME-INDEX PATH-INDEX TRANSPORT-INDEX
  local home=${homes[$1]} path=${paths[$2]} transport first how=()
  first=$((1000 * ($1 + 1) + 100 * ($2 + 1) + 10 * ($3 + 1)))
  [[ $3 == 0 ]] && transport=udp || transport=tcp
  case $((($1 + $2) % 3))$transport in
    0udp) how=(--model 7960 --no-qop --zero-hold) ;;
    1*) how=(--model 7970 --no-qop) ;;
    2*) how=(--model 7975) ;;
  esac
  [[ $transport == udp && $path != hosted && ${how[1]} == 7970 ]] && how+=(--one-time-sockets)
  [[ $path == hosted && $transport == udp && $home != masq ]] && how+=(--nat-enabled)
  lab_in "$home-phone" timeout 70 "$DW_LAB_TOOLS/lab_sip_phone" --server "$(at_of "$path")" --transport $transport --phones 2 "${how[@]}" \
    --device "SEP00000000$first" --first-ext $first --listen-port $((5060 + 10 * $2)) --rtp $((16384 + 256 * (2 * $2 + $3))) --for 65 \
    --do "$script" >"$LAB_DIR/call-$home-$path-$transport.log" 2>&1
  echo $? >"$LAB_DIR/call-$home-$path-$transport.status"
}
(
  lab_in random-phone timeout 40 "$DW_LAB_TOOLS/lab_sip_phone" --server $HOSTED:5060 --device SEP000000002990 --first-ext 2990 --listen-port 5099 \
    --rtp 24000 --for 30 --do "register; expect-not registered 7s; register; expect-not registered 7s" >"$LAB_DIR/deaf.log" 2>&1
  echo $? >"$LAB_DIR/deaf.status"
  cli hosted phone SEP000000002990 >"$LAB_DIR/deaf.story"
) &
deaf=$!
for batch in "0 1 2" "3 4"; do
  waiting=()
  for h in $batch; do for p in "${!paths[@]}"; do for t in 0 1; do
    converse "$h" "$p" "$t" &
    waiting+=($!)
  done; done; done
  wait "${waiting[@]}"
done
for home in "${homes[@]}"; do for path in "${paths[@]}"; do for transport in udp tcp; do
  check "$home, $path, $transport: called both ways, held, resumed, transferred, heard each other" \
    test "$(cat "$LAB_DIR/call-$home-$path-$transport.status")" = 0
done; done; done

# Nothing is left: no stream, no call, no binding at the server.
streamless() { cli "$1" status --json | tr -d ' \n' | grep -q '"streams":0'; }
callless() { cli "$1" calls --json | tr -d ' \n' | grep -q '"total":0'; }
for name in hosted "${homes[@]/#/edge-}" "${homes[@]/#/behind-}"; do
  check "$name: no stream is left" wait_until 10 streamless "$name"
  check "$name: no call is left" wait_until 10 callless "$name"
done
kamailio_tells kamailio ul.dump >"$LAB_DIR/bindings.text"
check "the server has no binding left" grep -q 'Records: 0$' "$LAB_DIR/bindings.text"

WAN=$(ip -n "$(ns masq-rtr)" -4 -o addr show dev wan | awk '{ sub("/.*", "", $4); print $4 }')
judge_end hosted
judge_end masq-edge
judge hosted "$HOSTED" "$CENTRAL" '192\.168\.1\.|100\.64\.0\.'
judge masq-edge "$EDGE/$WAN" "$CENTRAL" '192\.168\.1\.5' '^192\.168\.1\.5'
judge_self_check hosted "$HOSTED" "$CENTRAL" '192\.168\.1\.|100\.64\.0\.'
judge_self_check masq-edge "$EDGE/$WAN" "$CENTRAL" '192\.168\.1\.5' '^192\.168\.1\.5'

# Two phones on the edge's LAN get each other's address: their audio never passes the edge.
lan() { # HOST EXTENSION SCRIPT
  lab_in "$1" timeout 60 "$DW_LAB_TOOLS/lab_sip_phone" --server $EDGE:5060 --transport udp --any-media --device "SEP00000000$2" --first-ext "$2" --listen-port 5060 \
    --rtp 26000 --for 50 --do "$3" >"$LAB_DIR/lan-$1.log" 2>&1
  echo $? >"$LAB_DIR/lan-$1.status"
}
passed() { lab_in masq-edge curl -s http://127.0.0.1:8079/metrics | awk '/^dropwire_media_packets_total/ { n += $2 } END { print n + 0 }'; }
before=$(passed)
lan masq-second 1191 "register; wait registered 15; wait ringing 20; answer; wait connected 15; expect-rtp 100 15; wait ended 20; unregister; wait unregistered 15" &
waiting=($!)
wait_until 15 log_has lan-masq-second registered || fail "there is nobody to call"
lan masq-phone 1190 "register; wait registered 15; dial 1191; wait connected 15; expect-rtp 150 15; hangup; wait ended 15; unregister; wait unregistered 15" &
waiting+=($!)
wait "${waiting[@]}"
check "two phones on one LAN hear each other" test "$(cat "$LAB_DIR/lan-masq-phone.status")$(cat "$LAB_DIR/lan-masq-second.status")" = 00
check "and their audio never passes the edge" test "$(passed)" = "$before"

# A phone that listens on another port than it sends from can't be reached through a router that maps ports at random.
wait "$deaf"
check "a phone whose router lets nothing in at the port it listens on hears no answer" test "$(cat "$LAB_DIR/deaf.status")" = 0
explained() { grep -q 'natEnabled' "$LAB_DIR/deaf.story"; }
check "and Dropwire says what it is and what to do" explained

dropwire_stop hosted
for home in "${homes[@]}"; do
  dropwire_stop "edge-$home"
  dropwire_stop "behind-$home"
done
lab_done
