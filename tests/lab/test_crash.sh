#!/usr/bin/env bash
# The edge box loses its power (kill -9) while it fetches. Afterwards it serves correct octets: complete files even
# without the central server, and partial ones after fetching them again.
. "$(dirname "$0")/lab.sh"
lab_begin 200

central_files "$LAB_DIR/files"
head -c 1500000 /dev/urandom >"$LAB_DIR/files/big.sbn"
config=SEP001122337965.cnf.xml
firmware=dsp45.9-4-2ES26.sbn
lab_internet
lab_home home masq shim edge || fail "no shim"
lab_shim home delay_us=5000 rate_kbps=6000
web_start central central "$LAB_DIR/files"
edge() {
  dropwire_start home-edge edge --mode edge --set "central.provisioning.origins=[\"http://$CENTRAL:6970/\"]" \
    --set central.provisioning.prefetch=false
}
edge
check "before: config" fetch home-phone http $EDGE $config "$LAB_DIR/before" 10
check "before: firmware" fetch_same home-phone curl $EDGE $firmware "$LAB_DIR/got" "$LAB_DIR/files/$firmware" 20
for round in 1 2 3; do
  rm -f "$LAB_DIR/cut"
  lab_in home-phone curl -s -m 20 -o "$LAB_DIR/cut" "tftp://$EDGE/big.sbn" &
  phone=$!
  wait_until 15 file_has "$LAB_DIR/cut" $((round * 50000)) || fail "round $round: nothing moved"
  lab_stop edge KILL
  kill $phone 2>/dev/null
  wait $phone 2>/dev/null
  edge
done
lab_stop central
check "after, central server away: config" fetch_same home-phone http $EDGE $config "$LAB_DIR/got" "$LAB_DIR/before" 12
check "after, central server away: firmware" \
  fetch_same home-phone curl $EDGE $firmware "$LAB_DIR/got" "$LAB_DIR/files/$firmware" 12
if fetch home-phone http $EDGE big.sbn "$LAB_DIR/got" 12; then
  check "after, central server away: no part is served as the whole" same "$LAB_DIR/got" "$LAB_DIR/files/big.sbn"
else
  pass "after, central server away: no part is served as the whole"
fi
web_start central central "$LAB_DIR/files"
check "after: the file it was fetching" wait_until 40 \
  fetch_same home-phone http $EDGE big.sbn "$LAB_DIR/got" "$LAB_DIR/files/big.sbn" 20
check "after: the same by TFTP" fetch_same home-phone curl $EDGE big.sbn "$LAB_DIR/got" "$LAB_DIR/files/big.sbn" 20
dropwire_stop edge
lab_done
