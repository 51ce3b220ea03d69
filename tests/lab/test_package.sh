#!/usr/bin/env bash
# From the package to a call: it is installed in a fresh Debian 12 with the central server as its only answer and started
# as in its unit; a phone behind a home's router boots, registers and talks, and the status page shows that.
. "$(dirname "$0")/lab.sh"
lab_begin 280
. "$LAB_HERE/../packaging/chroot.sh"
command -v debootstrap >/dev/null || lab_skip "debootstrap is not installed"
deb=$(chroot_deb) || lab_skip "there is no package in build/deb; ./dev test builds it"
trap 'chroot_end=$?; chroot_down; (exit "$chroot_end"); lab_cleanup' EXIT

chroot_make box "$deb" || { fail "a Debian 12 could be made" && lab_done; }
installs() { chroot_install box "$deb" >>"$LAB_DIR/box.log" 2>&1; }
chroot_preseed box mode select hosted
chroot_preseed box central string "$CENTRAL"
check "the package installs" installs

central_files "$LAB_DIR/files"
lab_internet
lab_home home masq
web_start central web "$LAB_DIR/files"
lab_spawn central server "$DW_LAB_TOOLS/lab_sccp_server" --listen "$CENTRAL:2000" --guests 1001 --keepalive 5 --talk --for 270

chroot_prepare box
: >"$LAB_DIR/daemon.log"
chroot_service box ExecStart && lab_spawn hosted daemon "${CHROOT_COMMAND[@]}"
check "what the unit starts gets ready" wait_until 30 log_has daemon event=ready

device=SEP001122337965
boot() { lab_in home-phone timeout 100 "$DW_LAB_TOOLS/lab_phone" boot 7965 "$HOSTED" "${device#SEP}" "$LAB_DIR/phone" >"$LAB_DIR/boot.log" 2>&1; }
check "a phone behind the home's router boots" boot
check "its configuration leads it to this box" grep -q "<processNodeName>$HOSTED</processNodeName>" "$LAB_DIR/phone/$device.cnf.xml"

api() { lab_in hosted curl -sf -m 5 "http://127.0.0.1:8079$1"; }
shows() { api "/api/phones/$device" | tr -d ' \n' | grep -q "$1"; }
lab_spawn home-phone phone "$DW_LAB_TOOLS/lab_sccp_phone" --server "$HOSTED:2000" --device $device --for 90 \
  --do "register; wait registered 20; dial 600; wait media 15; expect-rtp 50 15; sleep 60s"
check "it registers, and the API shows it" wait_until 30 shows '"registered":true'
check "with the server that was answered" shows "\"server\":\"$CENTRAL:2000\""
check "its story has the files" shows "fetched$device.cnf.xml"
check "it calls and hears" wait_until 40 log_has phone 'rtp received'
check "the list has it" bash -c 'grep -q "$1" <<<"$2"' _ "$device" "$(api /api/phones)"
check "the status page is served" bash -c 'grep -q "<title>" <<<"$1"' _ "$(api /)"
lab_stop phone KILL # otherwise its call would be allowed to end first
lab_stop daemon
status=$?
check "the service ends with 0 (status $status)" test "$status" = 0
lab_done
