#!/usr/bin/env bash
# The home's router loses all its mappings during a transfer and is away for a second. Whether it then gives the phone
# its old port or a new one, the transfer from a hosted Dropwire completes.
. "$(dirname "$0")/lab.sh"
lab_begin 200

mkdir "$LAB_DIR/files"
head -c 200000 /dev/urandom >"$LAB_DIR/files/firmware.sbn"
lab_internet
declare -A nat=([keeps]=masq [shuffles]=random)
for home in keeps shuffles; do
  for client in phone tftp atftp; do
    lab_home "$home-$client" "${nat[$home]}" shim || fail "no shim for $home-$client"
    lab_shim "$home-$client" delay_us=6000
  done
done
dropwire_start hosted dropwire --mode hosted --set "central.provisioning.origins=[\"file://$LAB_DIR/files/\"]"

download() { # HOME CLIENT: 391 blocks of 512 octets, 12 ms each and more
  local out=$LAB_DIR/got-$1
  if [[ $2 == phone ]]; then
    lab_in "$1-phone" "$DW_LAB_TOOLS/lab_phone" get $HOSTED firmware.sbn "$out" 20
  else
    fetch "$1-phone" "$2" $HOSTED firmware.sbn "$out" 60
  fi
}
declare -A running
for home in keeps shuffles; do
  for client in phone tftp atftp; do
    download "$home-$client" $client >/dev/null &
    running[$home-$client]=$!
  done
done
sleep 2.5
rebooting=()
for home in "${!running[@]}"; do
  check "$home: in mid-transfer when the router reboots" kill -0 "${running[$home]}"
  lab_reboot "$home" 1 &
  rebooting+=($!)
done
wait "${rebooting[@]}"
for home in "${!running[@]}"; do
  wait "${running[$home]}"
  check "$home: byte-exact after the reboot" same "$LAB_DIR/got-$home" "$LAB_DIR/files/firmware.sbn"
done
dropwire_stop dropwire
lab_done
