#!/usr/bin/env bash
# Dropwire as an edge box in homes behind each kind of router; the central server speaks HTTP only. Phones on the LAN
# get their firmware byte-exact and a config that names the edge, by every client.
. "$(dirname "$0")/lab.sh"
lab_begin 200

lab_internet
lab_carrier carrier masq
lab_carrier shuffler random
lab_home none none edge
lab_home masq masq edge
lab_home random random edge
lab_home fullcone fullcone edge
lab_home carrier-masq masq carrier=carrier edge
lab_home carrier-random random carrier=shuffler edge
homes=(none masq random fullcone carrier-masq carrier-random)
if lab_home alg alg edge 2>/dev/null && lab_home carrier-alg alg carrier=carrier edge; then
  homes+=(alg carrier-alg)
else
  echo "NOT TESTED: this kernel has no TFTP connection tracking helper"
fi

central_files "$LAB_DIR/files"
config=SEP001122337965.cnf.xml
web_start central central "$LAB_DIR/files"

# One home with only IPv6 on its WAN; its phone has only IPv4.
lab_home only-v6 masq edge
ip -n "$(ns only-v6-rtr)" -4 addr flush dev wan
address_of_wan=2001:db8::106
host_address only-v6-rtr wan $address_of_wan/64
host_address only-v6-rtr br-lan 2001:db8:1::1/64
host_address only-v6-edge eth0 2001:db8:1::10/64
lab_in only-v6-rtr sysctl -qw net.ipv6.conf.all.forwarding=1
ip -n "$(ns only-v6-edge)" route add default via 2001:db8:1::1
ip -n "$(ns central)" route add 2001:db8:1::/64 via $address_of_wan
homes+=(only-v6)

for home in "${homes[@]}"; do
  head -c 200000 /dev/urandom >"$LAB_DIR/files/$home.sbn"
  origin=$CENTRAL
  [[ $home == only-v6 ]] && origin='[2001:db8::20]'
  dropwire_start "$home-edge" "edge-$home" --mode edge --set "central.provisioning.origins=[\"http://$origin:6970/\"]"
done

try() { # HOME CLIENT
  local out=$LAB_DIR/got-$1-$2 verdict=''
  fetch_same "$1-phone" "$2" $EDGE "$1.sbn" "$out.sbn" "$LAB_DIR/files/$1.sbn" 40 && verdict+=firmware
  fetch "$1-phone" "$2" $EDGE $config "$out.xml" 20 && rewritten "$LAB_DIR/files/$config" "$out.xml" $EDGE &&
    verdict+=,config
  echo "$verdict" >"$out.verdict"
}
waiting=()
for home in "${homes[@]}"; do
  for client in tftp atftp curl http; do
    try "$home" $client &
    waiting+=($!)
  done
done
wait "${waiting[@]}"
for home in "${homes[@]}"; do
  for client in tftp atftp curl http; do
    verdict=$(cat "$LAB_DIR/got-$home-$client.verdict")
    check "edge behind $home, $client: $verdict" test "$verdict" = firmware,config
  done
  check "edge behind $home: firmware fetched once" test "$(requests central "GET /$home.sbn 200")" = 1
done

# A port forwarded to the edge: from the internet, and from the LAN by way of the WAN address (hairpin).
wan_address=$(ip -n "$(ns masq-rtr)" -4 -o addr show dev wan | awk '{ sub("/.*", "", $4); print $4 }')
lab_in masq-rtr nft add rule ip lab inbound ip daddr "$wan_address" udp dport 69 dnat to $EDGE
lab_in masq-rtr nft add rule ip lab outbound iifname br-lan oifname br-lan ct status dnat masquerade
for client in tftp atftp curl; do
  check "forwarded port, $client" fetch_same mallory $client "$wan_address" masq.sbn "$LAB_DIR/got" "$LAB_DIR/files/masq.sbn"
  check "forwarded port by way of the WAN address, $client" \
    fetch_same masq-phone $client "$wan_address" masq.sbn "$LAB_DIR/got" "$LAB_DIR/files/masq.sbn"
done
for home in "${homes[@]}"; do dropwire_stop "edge-$home"; done
lab_done
