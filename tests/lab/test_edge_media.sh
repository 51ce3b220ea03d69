#!/usr/bin/env bash
# An edge behind each kind of home router that maps no port on request, and a central server without NAT support: it
# sends exactly to the addresses in messages, SCCP and SIP. Audio passes both ways if the router allows it, also when the
# far end speaks first; if no address could work, status and doctor say so. A new WAN address is learned and used from
# then on, and its effect on calls is reported.
. "$(dirname "$0")/lab.sh"
lab_begin 220
. "$(dirname "$0")/sip.sh"
sip_needs

lab_internet
lab_carrier carrier masq
# What the RFCs call them (4787): masq keeps port numbers and filters by address and port; fullcone filters nothing; address
# lets in whom we have sent to, whatever its port; moved gives each port another number, the same for all targets, and
# filters by address and port; random gives each target another one; carried is masq twice.
homes=(fullcone address masq moved carried random)
lab_home fullcone fullcone edge
lab_home address fullcone edge
lab_home masq masq edge
lab_home moved masq edge
lab_home carried masq carrier=carrier edge
lab_home random random edge

wan_of() { ip -n "$(ns "$1-rtr")" -4 -o addr show dev wan | awk '{ sub("/.*", "", $4); print $4 }'; }
lab_in address-rtr nft -f - <<'NFT'
table ip lab {
  set talked { type ipv4_addr; flags dynamic,timeout; size 65535; timeout 120s; }
  chain talk { type filter hook forward priority -1; policy accept;
    iifname "br-lan" oifname "wan" meta l4proto udp update @talked { ip daddr }
  }
}
flush chain ip lab inbound
add rule ip lab inbound iifname "wan" meta l4proto udp ip saddr @talked dnat to udp dport map @eim
NFT
moved_rules() { # how its router numbers ports, at its WAN address
  lab_in moved-rtr nft -f - <<NFT
flush chain ip lab outbound
add rule ip lab outbound oifname "wan" meta l4proto udp snat to $(wan_of moved) : udp sport map {
  $(for ((port = 20000; port < 20160; ++port)); do printf '%d : %d, ' "$port" $((port + 20111)); done) 5060 : 33333 }
add rule ip lab outbound oifname "wan" masquerade
NFT
}
moved_rules

# The hosted box only provides the STUN server.
dropwire_start hosted hosted --mode hosted --set "access.listen=[\"$HOSTED\",\"$HOSTED2\"]" --set access.tftp.enable=false --set access.http.enable=false \
  --set access.sip.enable=false --set access.sccp.enable=false --set "central.sccp.servers=[\"$CENTRAL:2000\"]"
kamailio_start central kamailio
# A phone of home N is 1N0v by SCCP and 2N0v by SIP; the echo is 600, and "callserver" talks to everybody at once.
devices=()
for n in "${!homes[@]}"; do devices+=(--device "$(printf 'SEP0000000010%02d' "$n")=10$(printf '%02d' "$n")"); done
lab_spawn central server "$DW_LAB_TOOLS/lab_sccp_server" --listen $CENTRAL:2000 --dialect chan_sccp --for 200 "${devices[@]}"
lab_spawn central talker "$DW_LAB_TOOLS/lab_sccp_server" --listen $CENTRAL:2001 --dialect chan_sccp --talk --rtp 40000 --for 200 "${devices[@]}"

edge_start() { # HOME NAME ARGUMENT...
  local home=$1 name=$2
  shift 2
  dropwire_start "$home-edge" "$name" --mode edge --set access.tftp.enable=false --set access.http.enable=false --set nat.measure_lifetime=false --set central.sip.ping=2s \
    --set "nat.stun_server=\"$HOSTED:3478\"" --set "central.sip.servers=[\"udp:$CENTRAL:5060\"]" --set "central.sccp.servers=[\"$CENTRAL:2000\"]" "$@"
}
for home in "${homes[@]}"; do
  edge_start "$home" "$home" --set media.ports=20000-20099
  edge_start "$home" "$home-talk" --set access.sip.enable=false --set access.sccp.port=2001 --set admin.listen=127.0.0.1:8078 \
    --set media.ports=20100-20159 --set "central.sccp.servers=[\"$CENTRAL:2001\"]"
done

cli() { "$DW_BIN" "${@:2}" --socket "$LAB_DIR/$1/control.sock" -c "$LAB_DIR/empty.toml" 2>&1; }
learned() { log_has "$1" "event=media_outside router_maps=$2"; }
for home in "${homes[@]}"; do
  kind=by_port
  [[ $home == random ]] && kind=by_target
  check "$home: its router is known ($kind)" wait_until 15 learned "$home" $kind
  check "$home: likewise beside it" wait_until 15 learned "$home-talk" $kind
done
check "masq: keeps port numbers" log_has masq keeps_numbers=yes
check "moved: does not keep port numbers" log_has moved keeps_numbers=no

# SCCP: the echo hears the phone, and the phone its own voice, at the addresses that the server got.
call() { # NAME HOST ARGUMENT...
  local name=$1 host=$2
  shift 2
  lab_in "$host" timeout 40 "$@" --for 35 >"$LAB_DIR/$name.log" 2>&1
  echo $? >"$LAB_DIR/$name.status"
}
passed() { test "$(cat "$LAB_DIR/$1.status" 2>/dev/null)" = 0; }
sccp() { # HOME NUMBER PORT SCRIPT ARGUMENT...
  call "sccp-$1-$3" "$1-phone" "$DW_LAB_TOOLS/lab_sccp_phone" --server "$EDGE:$3" --device "$(printf 'SEP0000000010%02d' "$2")" --first-ext "$((1000 + $2))" \
    --version 17 --rtp $((16384 + 100 * ($3 - 2000))) --do "register; wait registered 15; dial 600; wait media 15; $4; hangup; wait ended 15" "${@:5}"
}
waiting=()
for n in "${!homes[@]}"; do
  home=${homes[$n]}
  [[ $home == random ]] && continue
  sccp "$home" "$n" 2000 'expect-rtp 40 15; send-rtp 1s; expect-rtp 40 15' &
  waiting+=($!)
  sccp "$home" "$n" 2001 'expect-rtp 40 from callserver 15' --mute &
  waiting+=($!)
done
sccp random 5 2000 'expect-silence 6s' &
waiting+=($!)
wait "${waiting[@]}"
for home in "${homes[@]}"; do
  [[ $home == random ]] && continue
  check "$home, SCCP: the phone hears itself by way of a server that sends to the address in the message" passed "sccp-$home-2000"
  check "$home, SCCP: a phone that only listens hears the server" passed "sccp-$home-2001"
done
check "random, SCCP: nothing comes, as nobody can say where" passed sccp-random-2000

# SIP: registered through the edge, called from the internet by a server that uses only Contact and SDP.
sip_call() { # HOME NUMBER
  local home=$1 n=$2
  call "callee-$home" "$home-phone" "$DW_LAB_TOOLS/lab_sip_phone" --server $EDGE:5060 --first-ext "200$n" --device "$(printf 'SEP00000000200%d' "$n")" \
    --listen-port 5070 --rtp 18000 --do "register; wait registered 15; wait ringing 20; answer; wait connected; expect-rtp 20 15; wait ended 20" &
  local callee=$!
  wait_until 15 has_binding kamailio "200$n"
  call "caller-$home" mallory "$DW_LAB_TOOLS/lab_sip_phone" --server $CENTRAL:5060 --bind $MALLORY --lenient --listen-port $((5100 + n)) --rtp $((26384 + 100 * n)) \
    --first-ext "210$n" --device "$(printf 'SEP00000000210%d' "$n")" --do "register; wait registered; dial 200$n; wait connected; expect-rtp 40 15; hangup; wait ended"
  wait $callee
}
waiting=()
for n in "${!homes[@]}"; do
  [[ ${homes[$n]} == random ]] && continue
  sip_call "${homes[$n]}" "$n" &
  waiting+=($!)
done
wait "${waiting[@]}"
for home in "${homes[@]}"; do
  [[ $home == random ]] && continue
  check "$home, SIP: the phone rings, answers and hears" passed "callee-$home"
  check "$home, SIP: the caller hears it" passed "caller-$home"
done

# What status and doctor say.
check "masq: status says how audio comes in" grep -q 'learned by STUN' <(cli masq status)
check "random: status says that it does not" grep -q 'no address' <(cli random status)
check "masq: the doctor has nothing against it" eval '! cli masq doctor | grep -qi "audio"'
check "random: the doctor names an error, and the ways out" grep -qi 'UPnP.*hosted Dropwire.*symmetric' <(cli random doctor | tr '\n' ' ')

# The WAN address changes during a call: this server keeps sending to the old one, and the box says so. Later messages
# have the new one, also a phone's next registration, which is due within a minute although the server granted an hour.
new=203.0.113.140
call cut moved-phone "$DW_LAB_TOOLS/lab_sccp_phone" --server $EDGE:2000 --device SEP000000001003 --first-ext 1003 --version 17 --rtp 16384 \
  --do "register; wait registered 15; dial 600; wait media 15; expect-rtp 40 15; send-rtp 20s" &
waiting=($!)
call mover moved-phone "$DW_LAB_TOOLS/lab_sip_phone" --server $EDGE:5060 --first-ext 2009 --device SEP000000002009 --listen-port 5079 --rtp 18100 \
  --do "register; wait registered 15; wait-file $LAB_DIR/moved.learned 60; refresh; wait registered 15; wait ringing 20; answer; wait connected; expect-rtp 20 15; wait ended 20" &
waiting+=($!)
heard() { cli moved calls --json | tr -d ' \n' | grep -Eq '"from_central":\{[^}]*"packets":([5-9][0-9]|[0-9]{3,})'; }
at_new() { bindings kamailio 2009 | grep -q "@$new:"; }
check "moved: a call runs" wait_until 15 heard
check "moved: a phone is registered, and has to register again within a minute" wait_until 15 log_has mover 'registered expires=60'
check "moved: the server has the old address" eval 'has_binding kamailio 2009 && ! at_new'
ip -n "$(ns moved-rtr)" addr flush dev wan
host_address moved-rtr wan $new/24
moved_rules
lab_in moved-rtr conntrack -F >/dev/null 2>&1
check "moved: the new WAN address is learned" wait_until 25 log_has moved "external=$new"
: >"$LAB_DIR/moved.learned"
check "moved: the doctor says what became of the call" wait_until 20 eval 'cli moved doctor | grep -q router_moved'
check "moved: and so do the calls" eval "cli moved calls | tr -s ' \n' ' ' | grep -q 'since the router.s address changed'"
check "moved: the phone's next registration reaches the SIP server with the new address" wait_until 20 at_new
call caller-mover mallory "$DW_LAB_TOOLS/lab_sip_phone" --server $CENTRAL:5060 --bind $MALLORY --lenient --listen-port 5119 --rtp 27384 \
  --first-ext 2109 --device SEP000000002109 --do "register; wait registered; dial 2009; wait connected; expect-rtp 40 15; hangup; wait ended"
wait "${waiting[@]}"
check "moved: which calls the phone there, and is heard" passed mover
check "moved: and hears it" passed caller-mover
sccp moved 2 2000 'expect-rtp 40 15; expect-rtp 40 15' # as another device, as this server still has the first one's old connection
check "moved: and a new call of SCCP has audio both ways" passed sccp-moved-2000

for home in "${homes[@]}"; do
  dropwire_stop "$home"
  dropwire_stop "$home-talk"
done
dropwire_stop hosted
lab_done
