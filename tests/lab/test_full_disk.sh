#!/usr/bin/env bash
# The disk of an edge box is full: calls continue, phones register and get their files, the log says what is not stored;
# after a power cut it starts anyway, and once there is room everything is stored again.
if ((EUID == 0)) && [[ -z ${LAB_MOUNTS:-} ]]; then exec unshare --mount env LAB_MOUNTS=1 bash "$0"; fi # the small disk is ours alone
. "$(dirname "$0")/lab.sh"
lab_begin 240
. "$(dirname "$0")/sip.sh"
sip_needs

central_files "$LAB_DIR/files"
lab_internet
lab_home home masq edge
for phone in one:61 two:62 sip:63; do home_host home "${phone%:*}" "${phone#*:}"; done
sccp=$DW_LAB_TOOLS/lab_sccp_phone sip=$DW_LAB_TOOLS/lab_sip_phone
web_start central central "$LAB_DIR/files"
: >"$LAB_DIR/pbx.log"
lab_spawn central pbx "$DW_LAB_TOOLS/lab_sccp_server" --listen $CENTRAL:2000 --guests 1001 --talk --symmetric --for 220
kamailio_start central kam
lab_spawn central echo "$sip" --echo --server $CENTRAL:5060 --bind $CENTRAL --listen-port 5600 --first-ext 600 --phones 3 \
  --device SEP000000000600 --rtp 10000 --for 220

mkdir -p "$LAB_DIR/edge/state" "$LAB_DIR/edge/cache"
disks_gone() {
  local status=$?
  umount -l "$LAB_DIR/edge/state" "$LAB_DIR/edge/cache" 2>/dev/null
  (exit $status)
  lab_cleanup
}
trap disks_gone EXIT
for disk in state cache; do mount -t tmpfs -o size=400k lab "$LAB_DIR/edge/$disk" || lab_skip "this machine does not let us mount a small disk"; done
edge() {
  dropwire_start home-edge edge --mode edge --set "central.provisioning.origins=[\"http://$CENTRAL:6970/\"]" \
    --set "central.sccp.servers=[\"$CENTRAL:2000\"]" --set "central.sip.servers=[\"udp:$CENTRAL:5060\"]" \
    --set access.sip.enable=true --set central.provisioning.prefetch=false
}
phone() { # HOST NAME TOOL SERVER SCRIPT ARGUMENT...: to its end
  local host=$1 name=$2 tool=$3 server=$4 script=$5
  shift 5
  lab_in "$host" timeout 60 "$tool" --server "$server" --for 55 --do "$script" "$@" >"$LAB_DIR/$name.log" 2>&1
}
full() { ! head -c 4096 /dev/zero >"$LAB_DIR/edge/$1/one-more" 2>/dev/null; }
fill() {
  for disk in state cache; do
    head -c 1000000 /dev/zero >"$LAB_DIR/edge/$disk/fill" 2>/dev/null
    check "no room is left on $disk" full $disk
  done
}
calls="register; wait registered 15; dial 600; wait media 15; expect-rtp 200 20; hangup; wait ended 15; unregister; wait unregistered 10"
sip_calls="register; wait registered 15; dial 600; wait connected 15; expect-rtp 200 from self 20; hangup; wait ended 15"

edge
check "a phone registers and calls while there is room" phone home-one before "$sccp" $EDGE:2000 "$calls" --device SEP001122330061
phone home-sip kept "$sip" $EDGE:5060 "register; wait registered 15; sleep 3s" --device SEP001122330063 --first-ext 1063
# A call that is up while the disk fills.
phone home-one during "$sccp" $EDGE:2000 "register; wait registered 15; dial 600; wait media 15; expect-rtp 50 15; wait-file $LAB_DIR/filled 40; expect-rtp 50 15; hangup; wait ended 15" \
  --device SEP001122330061 &
running=$!
wait_until 20 log_has during transmit-started || fail "no call is up"
fill
check "files come" fetch_same home-two curl $EDGE Chirp1.raw "$LAB_DIR/got" "$LAB_DIR/files/Chirp1.raw" 20
check "a phone registers and calls" phone home-two after "$sccp" $EDGE:2000 "$calls" --device SEP001122330062
check "a SIP phone registers and calls" phone home-sip sip "$sip" $EDGE:5060 "$sip_calls" --device SEP001122330063 --first-ext 1063
: >"$LAB_DIR/filled"
check "the call that was up went on to its end" wait $running
check "the log says that stories are not on disk" wait_until 10 log_has edge 'event=state_unwritten .*full'
check "and that registrations are not" wait_until 10 log_has edge 'event=sip_state_unwritten .*full'
check "and that files are not" wait_until 10 log_has edge 'event=cache_off'

lab_stop edge KILL
fill
edge
check "after a power cut, still full: it knows who was registered" log_has edge 'event=sip_state bindings=1'
check "files come" fetch_same home-two curl $EDGE Chirp1.raw "$LAB_DIR/got" "$LAB_DIR/files/Chirp1.raw" 20
check "a phone registers and calls" phone home-one again "$sccp" $EDGE:2000 "$calls" --device SEP001122330061
check "a SIP phone registers and calls" phone home-sip sip "$sip" $EDGE:5060 "$sip_calls" --device SEP001122330063 --first-ext 1063
rm "$LAB_DIR/edge/state/fill" "$LAB_DIR/edge/cache/fill"
kept() { log_has edge "event=$1_off\|event=$1_unused" || wait_until 75 log_has edge "event=$1_written"; }
check "once there is room stories are kept again, or the log has said that they are not" kept state
check "and so are registrations" kept sip_state
dropwire_stop edge
lab_done
