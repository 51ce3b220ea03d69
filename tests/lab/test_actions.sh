#!/usr/bin/env bash
# Restarting phones behind a router: an SCCP phone gets Reset and comes back, a SIP phone gets the NOTIFY that its
# firmware knows; with the dropwire command, and by HTTP from another machine, which needs a password.
. "$(dirname "$0")/lab.sh"
lab_begin 90
. "$(dirname "$0")/sip.sh"
sip_needs

lab_internet
lab_home home random edge
cli() { "$DW_BIN" "$@" --socket "$LAB_DIR/hosted/control.sock" -c "$LAB_DIR/empty.toml" 2>&1; }
phone_start() { # NAME TOOL SCRIPT ARGUMENT...: leaves NAME.status
  local name=$1 tool=$2 script=$3
  shift 3
  : >"$LAB_DIR/$name.log"
  (
    lab_in home-phone timeout 80 "$DW_LAB_TOOLS/$tool" --for 75 --do "$script" "$@" >"$LAB_DIR/$name.log" 2>&1
    echo $? >"$LAB_DIR/$name.status"
  ) &
}
well() { # WHAT NAME: the phone got through its script
  wait_until 40 test -s "$LAB_DIR/$2.status" || echo 124 >"$LAB_DIR/$2.status"
  check "$1" test "$(cat "$LAB_DIR/$2.status")" = 0
}
registered() { cli phones --json | tr -d ' \n' | grep -q "\"device\":\"$1\"[^{}]*\"registered\":true"; }

file=$LAB_DIR/admin.password
settings=(--set "admin.listen=$HOSTED:8079" --set "admin.password_file=$file")
check "a door that others reach is refused without a password" sh -c \
  "'$DW_BIN' check -c '$LAB_DIR/empty.toml' --set admin.listen=$HOSTED:8079 --set admin.password_file=$file 2>&1 | grep -q 'dropwire passwd'"
echo "correct horse" | cli passwd --stdin "${settings[@]}" >/dev/null || fail "no password could be set"
token=$("$DW_BIN" passwd --token -c "$LAB_DIR/empty.toml" --socket "$LAB_DIR/none" "${settings[@]}" 2>/dev/null)
check "a token is 64 digits" test ${#token} = 64

lab_spawn central sccp "$DW_LAB_TOOLS/lab_sccp_server" --listen "$CENTRAL:2000" --guests 1001 --keepalive 5 --for 85
kamailio_start central kamailio
dropwire_start hosted hosted --mode hosted --set access.tftp.enable=false --set access.http.enable=false --set "access.listen=[\"$HOSTED\"]" \
  --set "central.sccp.servers=[\"$CENTRAL:2000\"]" --set "central.sip.servers=[\"udp:$CENTRAL:5060\"]" --set media.keepalive=1s "${settings[@]}"

# By HTTP, from another machine.
web() { lab_in central curl -s -o "$LAB_DIR/body" -w '%{http_code}' "$@"; }
door=http://$HOSTED:8079
check "strangers see the page and nothing else" test "$(web $door/) $(web $door/api/status) $(web $door/metrics)" = "200 401 401"
check "a wrong password is refused" test "$(web -H 'Content-Type: application/json' -d '{"password": "wrong horse"}' $door/api/login)" = 401
check "and logged for fail2ban" log_has hosted "event=login_failed peer=$CENTRAL "
check "the right one is taken" test "$(web -c "$LAB_DIR/jar" -H 'Content-Type: application/json' -d '{"password": "correct horse"}' $door/api/login)" = 200
csrf=$(sed 's/.*"csrf": *"\([0-9a-f]*\)".*/\1/' "$LAB_DIR/body")
check "a session reads" test "$(web -b "$LAB_DIR/jar" $door/api/status)" = 200
check "the token reads" test "$(web -H "Authorization: Bearer $token" $door/metrics)" = 200

times() { (($(grep -c "event=registered device=$1 " "$LAB_DIR/hosted.log") >= $2)); } # DEVICE COUNT
phone_start sccp-phone lab_sccp_phone "register; wait registered 15; wait reset 30; wait registered 30; wait reset 30; wait registered 30
  unregister; wait unregistered 15" --server $HOSTED:2000 --retry 2 --device SEP000000001001
phone_start sip-phone lab_sip_phone "register; wait registered 15; wait notify-service-control 40; unregister; wait unregistered 15" \
  --server $HOSTED:5060 --nat-enabled --first-ext 1101 --device SEP000000001101
wait_until 20 times SEP000000001001 1 || fail "the SCCP phone is not registered"
check "dropwire restart reaches an SCCP phone" cli restart SEP000000001001
wait_until 20 registered SEP000000001101 || fail "the SIP phone is not registered"
check "dropwire restart reaches a SIP phone, which accepts it" cli restart SEP000000001101
well "a SIP phone gets the NOTIFY that its firmware knows" sip-phone
wait_until 20 times SEP000000001001 2 || fail "the SCCP phone is not registered again"
check "a session without its CSRF token resets nothing" test "$(web -b "$LAB_DIR/jar" -X POST $door/api/phones/SEP000000001001/reset)" = 403
check "with it, the phone is reset" test "$(web -b "$LAB_DIR/jar" -H "X-CSRF-Token: $csrf" -X POST $door/api/phones/SEP000000001001/reset)" = 200
well "an SCCP phone comes back after each restart" sccp-phone
check "its story says that somebody asked" sh -c "'$DW_BIN' phone SEP000000001001 --socket $LAB_DIR/hosted/control.sock -c $LAB_DIR/empty.toml | tr -s ' \n' ' ' | grep -q 'somebody asked it, from this box, to start over: restart'"
check "a phone that is not registered can't be restarted" test "$(web -H "Authorization: Bearer $token" -X POST $door/api/phones/SEP000000001001/restart)" = 409
check "but forgotten" cli forget SEP000000001001
! registered SEP000000001001 && ! cli phone SEP000000001001 >/dev/null || fail "the phone was not forgotten"

echo "another horse" | cli passwd --stdin "${settings[@]}" >/dev/null || fail "no other password could be set"
check "another password ends sessions" test "$(web -b "$LAB_DIR/jar" $door/api/status)" = 401
dropwire_stop hosted
lab_done
