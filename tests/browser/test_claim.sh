#!/usr/bin/env bash
# A box that nobody has a password of, taken into use from a browser elsewhere in the home: its code, guessers, the telephone
# server, the first phone up to its first call, and the settings that a customer changes. Screenshots stay in build/…/browser.
. "$(dirname "$0")/../lab/lab.sh"
for tool in chromium chromedriver; do command -v $tool >/dev/null || lab_skip "$tool is not installed"; done
/usr/bin/python3 -c 'import selenium' 2>/dev/null || lab_skip "python3-selenium is not installed"
lab_begin 170

export BROWSER_OUT=${BROWSER_OUT:-${DW_LAB_TOOLS%/tests}/browser} LAB_PREFIX LAB_DIR DW_LAB_TOOLS EDGE CENTRAL
central_files "$LAB_DIR/files"
lab_internet
lab_home home masq edge
home_host home laptop 30
web_start central central "$LAB_DIR/files"
lab_spawn central calls "$DW_LAB_TOOLS/lab_sccp_server" --listen "$CENTRAL:2000" --guests 1001 --symmetric --talk --for 170
: >"$LAB_DIR/empty.toml"
asks() { "$DW_BIN" "$1" -c "$LAB_DIR/empty.toml" --socket "$LAB_DIR/edge/control.sock" "${@:2}"; }
edge_start() {
  dropwire_start home-edge edge --mode edge --set admin.claim=true --set "admin.password_file=$LAB_DIR/edge/admin.password"
}
page_is() { # CODE HOST [CURL…]
  [[ $(lab_in "$2" curl -s -o /dev/null -m 5 -w '%{http_code}' "${@:3}") == "$1" ]]
}

edge_start
CODE=$(asks claim --json | sed -n 's/^ *"code": "\(.*\)".*/\1/p')
check "status shows the code" bash -c 'grep -qF "enter the code $1" <<<"$0"' "$(asks status)" "$CODE"
check "and the address of its page" bash -c 'grep -qF "http://$1:8079/" <<<"$0"' "$(asks status)" "$EDGE"
check "phones are not served yet" bash -c '! grep event=listening "$0" | grep -v service=admin | grep -qv "address=127.0.0.1"' "$LAB_DIR/edge.log"
check "a browser in the home sees the page" page_is 200 home-laptop "http://$EDGE:8079/"
check "and nothing else" page_is 403 home-laptop "http://$EDGE:8079/api/status"
check "a name that is not the box's is refused" page_is 421 home-laptop -H 'Host: evil.example' "http://$EDGE:8079/"
check "its own name by mDNS is not" page_is 200 home-laptop -H 'Host: dropwire.local:8079' "http://$EDGE:8079/"
host_address home-edge eth0 198.51.100.10/24
host_address home-laptop eth0 198.51.100.30/24
check "from a public address there is no page" page_is 000 home-laptop --interface 198.51.100.30 "http://198.51.100.10:8079/"
lab_in home-edge ip address del 198.51.100.10/24 dev eth0
lab_stop edge
edge_start
check "the code that was noted is right after a restart" test "$(asks claim --json | sed -n 's/^ *"code": "\(.*\)".*/\1/p')" = "$CODE"
export CODE

while read -r word line; do
  case $word in
    PASS) pass "$line" ;;
    FAIL) fail "$line" ;;
    NOW) [[ $line == restart ]] && lab_stop edge && edge_start ;;
    *) echo "$word $line" ;;
  esac
done < <(lab_in home-laptop /usr/bin/python3 "$(dirname "$0")/claim.py" 2>&1; echo "ended $?")
check "the browser came to its end" test "$LAB_PASSED" -ge 22
check "the code is gone" test ! -e "$LAB_DIR/edge/state/claim.code"
check "claim says that the box is somebody's" bash -c '! "$@" >/dev/null' _ "$DW_BIN" claim -c "$LAB_DIR/empty.toml" --socket "$LAB_DIR/edge/control.sock"
check "check says where the server is set" bash -c 'grep -qE "^central = \"$1\" +# .*/page.toml:" <<<"$0"' \
  "$("$DW_BIN" check -c "$LAB_DIR/empty.toml" --set "state.dir=$LAB_DIR/edge/state" 2>/dev/null)" "$CENTRAL"
check "neither code nor password is in the log" bash -c '! grep -qE "$1|battery" "$0"' "$LAB_DIR/edge.log" "${CODE/-/-?}"
dropwire_stop edge
lab_done
