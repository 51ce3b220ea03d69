#!/usr/bin/env bash
# The list of ten thousand phones: a hosted box whose database has them, `dropwire phones`, the API, and a headless Chromium. Screenshots stay in
# build/…/browser.
. "$(dirname "$0")/../lab/lab.sh"
for tool in chromium chromedriver; do command -v $tool >/dev/null || lab_skip "$tool is not installed"; done
/usr/bin/python3 -c 'import selenium' 2>/dev/null || lab_skip "python3-selenium is not installed"
lab_begin 220

PHONES=10000
export BROWSER_OUT=${BROWSER_OUT:-${DW_LAB_TOOLS%/tests}/browser} LAB_DIR PHONES PAGE_PASSWORD='correct horse battery' READER_PASSWORD='only looking here'
lab_internet
many_start() {
  dropwire_start hosted many --mode hosted --set "central=$CENTRAL" --set phones.max_devices=20000 --set access.sip.enable=false \
    --set "central.sccp.servers=[\"$CENTRAL:2000\"]"
}
passwd_set() { # PASSWORD OPTION...
  local password=$1
  shift
  printf '%s\n' "$password" | "$DW_BIN" passwd --stdin "$@" -c "$LAB_DIR/empty.toml" --set "admin.socket=$LAB_DIR/many/control.sock" >>"$LAB_DIR/passwd.log" 2>&1 ||
    fail "no password was set"
}
phones() { "$DW_BIN" phones --socket "$LAB_DIR/many/control.sock" "$@" 2>&1; }

printf '[admin]\npassword_file = "%s"\n' "$LAB_DIR/many.password" >"$LAB_DIR/empty.toml"
many_start # makes the tables
dropwire_stop many
/usr/bin/python3 "$(dirname "$0")/make_phones.py" "$LAB_DIR/many/state/phones.db" $PHONES || fail "no phones were made"
many_start
passwd_set "$PAGE_PASSWORD"
passwd_set "$READER_PASSWORD" --reader

judged() { [[ $(lab_in hosted curl -s 'http://127.0.0.1:8079/api/phones?limit=0' | grep -o '"waiting":[0-9]*') = '"waiting":0' ]]; }
check "all are judged within ten seconds" wait_until 10 judged
rows() { phones "$@" --format csv | tail -n +2 | wc -l; }
check "dropwire phones lists them all as CSV" test "$(rows)" = $PHONES
check "the same as JSON, page by page" test "$(phones --json | grep -c '"device":')" = $PHONES
check "and those that are looked for alone" test "$(rows --model 7965 --network 10.0.0.0/24)" = 42
check "what is no filter is refused in words" grep -q "code of a finding" <(phones --finding no_such_thing)
check "bulk without a filter needs --all" grep -q -- --all <(phones --do forget --yes)

while read -r word line; do
  case $word in
    PASS) pass "$line" ;;
    FAIL) fail "$line" ;;
    *) echo "$word $line" ;;
  esac
done < <(lab_in hosted /usr/bin/python3 "$(dirname "$0")/phone_list.py" 2>&1; echo "ended $?")
check "who had what done is in the log" log_has many 'event=operator_action action=forget operation=.* state=begun by="operator at 127.0.0.1"'
check "and of each phone" log_has many 'event=operator_action action=forget operation=.* device=SEP.* status=200'
check "the browser came to its end" test "$LAB_PASSED" -ge 20
dropwire_stop many
lab_done
