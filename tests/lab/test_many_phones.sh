#!/usr/bin/env bash
# The power comes back: 128 phones on one LAN request the same firmware from the edge in the same second. One fetch from
# the central server, and every phone gets every octet.
. "$(dirname "$0")/lab.sh"
lab_begin 200

mkdir "$LAB_DIR/files"
head -c 300000 /dev/urandom >"$LAB_DIR/files/firmware.sbn"
lab_internet
lab_home home masq edge
web_start central central "$LAB_DIR/files"
dropwire_start home-edge edge --mode edge --set "central.provisioning.origins=[\"http://$CENTRAL:6970/\"]"
phones=128
for ((i = 0; i < phones; i++)); do host_address home-phone eth0 "192.168.1.$((100 + i))/24"; done

waiting=()
for ((i = 0; i < phones; i++)); do
  scheme=tftp port=69
  ((i % 8 == 7)) && scheme=http port=6970
  lab_in home-phone curl -s -m 60 --interface "192.168.1.$((100 + i))" -o "$LAB_DIR/got-$i" \
    "$scheme://$EDGE:$port/firmware.sbn" &
  waiting+=($!)
done
wait "${waiting[@]}"
right=0
for ((i = 0; i < phones; i++)); do same "$LAB_DIR/got-$i" "$LAB_DIR/files/firmware.sbn" && right=$((right + 1)); done
check "$right of $phones phones have the file, byte-exact" test $right = $phones
check "fetched once from the central server" test "$(requests central 'GET /firmware.sbn')" = 1
dropwire_stop edge
lab_done
