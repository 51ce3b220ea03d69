#!/usr/bin/env bash
# The status page in a real browser: a home with an edge box, a phone that boots and calls, one that still holds another server's
# trust list, and a headless Chromium on the edge itself. Screenshots stay in build/…/browser; DW_SCREENSHOT=FILE writes one more.
. "$(dirname "$0")/../lab/lab.sh"
for tool in chromium chromedriver; do command -v $tool >/dev/null || lab_skip "$tool is not installed"; done
/usr/bin/python3 -c 'import selenium' 2>/dev/null || lab_skip "python3-selenium is not installed"
lab_begin 170

export BROWSER_OUT=${BROWSER_OUT:-${DW_LAB_TOOLS%/tests}/browser} LAB_PREFIX LAB_DIR DW_LAB_TOOLS EDGE PAGE_PASSWORD='correct horse battery'
central_files "$LAB_DIR/files"
lab_internet
lab_home home masq edge
home_host home locked 41
web_start central central "$LAB_DIR/files"
lab_spawn central calls "$DW_LAB_TOOLS/lab_sccp_server" --listen "$CENTRAL:2000" --guests 1001 --symmetric --talk --for 170
edge_start() {
  dropwire_start home-edge edge --mode edge --set access.sip.enable=false --set "central.provisioning.origins=[\"http://$CENTRAL:6970/\"]" \
    --set "central.sccp.servers=[\"$CENTRAL:2000\"]" --set "central=$CENTRAL" "$@"
}
printf '[admin]\npassword_file = "%s"\n' "$LAB_DIR/edge.password" >"$LAB_DIR/empty.toml"
edge_start
printf '%s\n' "$PAGE_PASSWORD" | "$DW_BIN" passwd --stdin -c "$LAB_DIR/empty.toml" --set "admin.socket=$LAB_DIR/edge/control.sock" >"$LAB_DIR/passwd.log" 2>&1 ||
  fail "no password was set"

while read -r word line; do
  case $word in
    PASS) pass "$line" ;;
    FAIL) fail "$line" ;;
    NOW)
      case $line in
        stop) lab_stop edge ;;
        start) edge_start ;;
        known) lab_stop edge && edge_start --set access.provisioning.phones=known ;;
      esac
      ;;
    *) echo "$word $line" ;;
  esac
done < <(lab_in home-edge /usr/bin/python3 "$(dirname "$0")/status_page.py" 2>&1; echo "ended $?")
check "the browser came to its end" test "$LAB_PASSED" -ge 20
dropwire_stop edge
lab_done
