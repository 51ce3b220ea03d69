#!/usr/bin/env bash
# Dropwire as an edge box in homes behind each kind of router; the central server speaks HTTP only. Phones on the LAN
# get their firmware byte-exact and a config that names the edge, by every client.
. "$(dirname "$0")/lab.sh"
lab_begin 150

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
firmware=jar45sccp.9-4-2ES26.sbn
config=SEP001122337965.cnf.xml
web_start central central "$LAB_DIR/files"
for home in "${homes[@]}"; do
  dropwire_start "$home-edge" "edge-$home" --mode edge --set "central.provisioning.origins=[\"http://$CENTRAL:6970/\"]"
done

try() { # HOME CLIENT
  local out=$LAB_DIR/got-$1-$2 verdict=''
  fetch_same "$1-phone" "$2" $EDGE $firmware "$out.sbn" "$LAB_DIR/files/$firmware" 40 && verdict+=firmware
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
  check "edge behind $home: firmware fetched once" test "$(requests central "GET /$firmware 200")" = ${#homes[@]}
done
for home in "${homes[@]}"; do dropwire_stop "edge-$home"; done
lab_done
