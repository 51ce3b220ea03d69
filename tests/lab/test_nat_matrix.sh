#!/usr/bin/env bash
# Each kind of home router × each TFTP client against a hosted Dropwire: every file comes through. The same against
# servers that answer from a fresh TID (tftpd-hpa, and Dropwire set to do so): what fails there is what Dropwire is for.
# Each home has a file of its own, so a transfer that strays into another home's would show.
. "$(dirname "$0")/lab.sh"
lab_begin 200
command -v in.tftpd >/dev/null || lab_skip "in.tftpd (tftpd-hpa) is not installed"


lab_internet
lab_carrier carrier masq
lab_carrier shuffler random
homes=(none masq random fullcone carrier-masq carrier-random)
lab_home none none
lab_home masq masq
lab_home random random
lab_home fullcone fullcone
lab_home carrier-masq masq carrier=carrier
lab_home carrier-random random carrier=shuffler
if lab_home alg alg 2>/dev/null && lab_home random-alg random_alg && lab_home carrier-alg alg carrier=carrier; then
  homes+=(alg random-alg carrier-alg)
else
  echo "NOT TESTED: this kernel has no TFTP connection tracking helper"
fi
# A WAN with an MTU of 1400, as with PPPoE and a VPN, where only the sender can make packets smaller.
lab_carrier tunnel masq
lab_home narrow masq carrier=tunnel
ip -n "$(ns tunnel)" link set br-lan mtu 1400
ip -n "$(ns narrow-rtr)" link set wan mtu 1400
fresh_tid_passes=' none fullcone alg random-alg '

mkdir "$LAB_DIR/files"
for home in "${homes[@]}"; do head -c 100000 /dev/urandom >"$LAB_DIR/files/$home.sbn"; done
serve=(--mode hosted --set "central.provisioning.origins=[\"file://$LAB_DIR/files/\"]")
dropwire_start hosted dropwire "${serve[@]}"
dropwire_start mallory tid "${serve[@]}" --set access.tftp.single_port=false
lab_spawn central fresh-tid in.tftpd -L -u root -a $CENTRAL:69 -s "$LAB_DIR/files"
wait_until 5 fetch central curl $CENTRAL masq.sbn "$LAB_DIR/up" 1 || fail "in.tftpd did not start"

# A download that must fail gets 10 s, one that must succeed gets 40.
seconds() { [[ $fresh_tid_passes == *" $1 "* ]] && echo 40 || echo 10; }
try() { # HOME CLIENT SERVER SECONDS: leaves yes or no in a file
  local out=$LAB_DIR/got-$1-$2-$3 verdict=no
  fetch_same "$1-phone" "$2" "$3" "$1.sbn" "$out" "$LAB_DIR/files/$1.sbn" "$4" && verdict=yes
  echo $verdict >"$out.verdict"
}
waiting=()
for home in "${homes[@]}"; do
  for client in tftp atftp curl; do
    try "$home" $client $HOSTED 40 &
    waiting+=($!)
    try "$home" $client $CENTRAL "$(seconds "$home")" &
    waiting+=($!)
  done
  try "$home" curl $MALLORY "$(seconds "$home")" &
  waiting+=($!)
done
wait "${waiting[@]}"

verdict() { cat "$LAB_DIR/got-$1-$2-$3.verdict"; }
for home in "${homes[@]}"; do
  for client in tftp atftp curl; do
    check "hosted, $home, $client: byte-exact" test "$(verdict "$home" $client $HOSTED)" = yes
    want=no
    [[ $fresh_tid_passes == *" $home "* ]] && want=yes
    check "fresh TID, $home, $client: comes through: $want" test "$(verdict "$home" $client $CENTRAL)" = $want
  done
  check "Dropwire with fresh TIDs, $home: comes through: $want" test "$(verdict "$home" curl $MALLORY)" = $want
done
lab_in narrow-phone curl -s -m 40 --tftp-blksize 1428 -o "$LAB_DIR/narrow-curl" "tftp://$HOSTED/masq.sbn"
check "WAN of 1400 octets, blksize 1428, curl" same "$LAB_DIR/narrow-curl" "$LAB_DIR/files/masq.sbn"
lab_in narrow-phone timeout 40 atftp --option "blksize 1428" -g -r masq.sbn -l "$LAB_DIR/narrow-atftp" $HOSTED >/dev/null 2>&1
check "WAN of 1400 octets, blksize 1428, atftp" same "$LAB_DIR/narrow-atftp" "$LAB_DIR/files/masq.sbn"
dropwire_stop dropwire
dropwire_stop tid
lab_done
