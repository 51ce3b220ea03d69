#!/usr/bin/env bash
# The lab's SIP phone, which judges the proxy in the other tests, is tested itself: it works with an ordinary server, and
# behind an edge it notices every forged message that a real phone would not accept.
. "$(dirname "$0")/lab.sh"
lab_begin 150
. "$(dirname "$0")/sip.sh"
sip_needs

lab_internet
lab_home home none edge
kamailio_start central kamailio
lab_spawn central echo "$DW_LAB_TOOLS/lab_sip_phone" --echo --server $CENTRAL:5060 --bind $CENTRAL --listen-port 5600 --first-ext 600 --phones 3 \
  --device SEP000000000600 --rtp 10000 --for 140
wait_until 5 log_has echo listening || fail "there is no echo"

port=5060
phone_start() { # NAME FIRST-EXTENSION SCRIPT ARGUMENT...: leaves NAME.status
  local name=$1 first=$2 script=$3
  shift 3
  port=$((port + 4))
  (
    lab_in home-phone timeout 60 "$DW_LAB_TOOLS/lab_sip_phone" --first-ext "$first" --device "SEP00000000$first" --listen-port $port \
      --rtp $((port * 10 - 30000)) --for 50 --do "$script" "$@" >"$LAB_DIR/$name.log" 2>&1
    echo $? >"$LAB_DIR/$name.status"
  ) &
  waiting+=($!)
}
status() { cat "$LAB_DIR/$1.status"; }

alone="register; wait registered; heartbeat; wait heartbeat; refresh; wait registered; dial 600; wait connected; expect-rtp 50 from self
  hold; wait held; expect-silence 300ms; resume; wait resumed; expect-rtp 20; hangup; wait ended
  dial 601; wait early-media; expect-rtp 20; wait connected; expect-rtp 20; hangup; wait ended
  dial 602; wait proceeding; cancel; wait ended; dial 9486; wait rejected; wait ended
  dial 600 late; wait connected; expect-rtp 20; hangup; wait ended; unregister; wait unregistered"
pair="register; wait registered; sync; 0: dial +1; 1: wait ringing; 1: answer; wait connected; 0: expect-rtp 50 from +1; 1: expect-rtp 50 from -1; sync
  0: hold; 0: wait held; 1: wait peer-held; expect-silence 300ms; sync; 0: resume; 0: wait resumed; 1: wait peer-resumed; expect-rtp 20; sync
  0: transfer 600; 0: wait transferred; 0: wait ended; 1: wait connected; 1: expect-rtp 20 from self; sync; 1: hangup; 1: wait ended; sync
  0: dial +1; 1: wait ringing; 1: answer; wait connected; expect-rtp 20; sync; 0: hold; 0: wait held; 0: dial 600; 0: wait connected
  0: expect-rtp 20 from self; 0: transfer-to; 0: wait transferred; 1: wait connected; 1: expect-rtp 20 from self; 0: wait ended; 0: wait ended
  1: wait ended; sync; 1: hangup; 1: wait ended; sync; 0: dial +1; 1: wait ringing; sync; 0: cancel; wait ended; sync; unregister; wait unregistered"
kinds=("udp --transport udp" "tcp --transport tcp" "7960 --model 7960 --no-qop --zero-hold" "7975 --model 7975 --transport tcp"
  "one-time --one-time-sockets" "symmetric --nat-enabled")
waiting=()
first=1100
for kind in "${kinds[@]}"; do
  read -ra words <<<"$kind"
  phone_start "alone-${words[0]}" $first "$alone" --server $CENTRAL:5060 --lenient "${words[@]:1}"
  phone_start "pair-${words[0]}" $((first + 50)) "$pair" --server $CENTRAL:5060 --lenient --phones 2 "${words[@]:1}"
  first=$((first + 100))
done
wait "${waiting[@]}"
for kind in "${kinds[@]}"; do
  check "${kind%% *}: a phone gets on with a server: calls, hold, early media, cancel" test "$(status "alone-${kind%% *}")" = 0
  check "${kind%% *}: and with another: calls, transfers" test "$(status "pair-${kind%% *}")" = 0
done

# What it must notice behind an edge: the forgery, and its complaint.
dropwire_start home-edge edge --mode edge --set access.tftp.enable=false --set access.http.enable=false --set access.sccp.enable=false \
  --set access.sip.enable=true --set central.sip.register_rate=1000 --set "access.listen=[\"$EDGE\"]" --set "central.sip.servers=[\"udp:$CENTRAL:5060\"]"
call="register; wait registered; sync; 0: dial +1; 1: wait ringing; 1: answer; wait connected; expect-rtp 10; 0: transfer 600; 0: wait transferred
  0: wait ended; 1: wait connected; 1: hangup; 1: wait ended; sync; unregister; wait unregistered"
line=$'\r\n'
forgeries=(
  "a Via that is not its own|Via: SIP/2.0/UDP 192.168.1.50=>Via: SIP/2.0/UDP 192.168.1.51"
  "told to route to|Contact: <sip:600@$EDGE=>Contact: <sip:600@$CENTRAL"
  "told of a route set|${line}CSeq:=>${line}Record-Route: <sip:$CENTRAL;lr>${line}CSeq:"
  "a Route that|${line}CSeq:=>${line}Route: <sip:$CENTRAL;lr>${line}CSeq:"
  "so it unregisters itself|;expires=3600=>;expires=22"
  "its Contact came back|;expires=3600=>;q=1;expires=3600"
  "a provisional response to REGISTER|SIP/2.0 401 Unauthorized=>SIP/2.0 180 Ringing"
  "told to send audio to|c=IN IP4 $EDGE=>c=IN IP4 $CENTRAL"
  "Call-ID was|Call-ID: =>Call-ID: x"
  "From was|From: =>From: x "
  "To was|To: =>To: x "
  "CSeq was|CSeq: =>CSeq: 0"
  "Content-Length|Content-Length: =>Content-Length: 1"
  "a Request-URI that is not its Contact|INVITE sip:=>INVITE sip:9"
  "told to answer to|Via: SIP/2.0/UDP $EDGE=>Via: SIP/2.0/UDP $CENTRAL"
  "an rport|;branch=>;rport=5060;branch"
  "a message of|${line}CSeq:=>${line}X: $(printf 'x%.0s' {1..3000})${line}CSeq:"
  "a header without a name|${line}CSeq:=>${line}nonsense${line}CSeq:"
  "From in a dialog changed|From: <sip:=>From: <sip:9"
  "Refer-To|Refer-To: <sip:600@$EDGE=>Refer-To: <sip:600@$CENTRAL"
  "no Max-Forwards|Max-Forwards=>Min-Forwards"
)
waiting=()
first=2100
phone_start true $((first - 50)) "$call" --server $EDGE:5060 --phones 2
for i in "${!forgeries[@]}"; do
  phone_start "forged-$i" $((first + 10 * i)) "$call" --server $EDGE:5060 --phones 2 --forge "${forgeries[i]#*|}"
done
phone_start mistaken 3000 "register; wait registered; dial 600; wait connected; expect-rtp 10 from SEP000000009999 2" --server $EDGE:5060
phone_start noisy 3010 "register; wait registered; dial 600; wait connected; expect-rtp 5; expect-silence 10s" --server $EDGE:5060
wait "${waiting[@]}"
check "nothing is forged: the phone has no objection" test "$(status true)" = 0
for i in "${!forgeries[@]}"; do
  objects() { [[ $(status "forged-$i") == 1 ]] && log_has "forged-$i" "problem: .*${forgeries[i]%%|*}"; }
  check "the phone objects: ${forgeries[i]%%|*}" objects
done
check "the phone distinguishes another's voice from the one it expects" log_has mistaken 'FAIL .*not enough packets'
check "the phone hears that it is not silent" log_has noisy 'FAIL .*packets came'
dropwire_stop edge
lab_done
