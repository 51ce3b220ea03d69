#!/usr/bin/env bash
# What /metrics tells is as Prometheus wants it (promtool), the alert rules fire when they should, and the dashboard and
# the rules name only metrics that there are. DW_BIN, else DW_BUILT, is the daemon; it runs on loopback, on ports that the kernel chooses.
set -u
: "${DW_BIN:=${DW_BUILT:?the dropwire binary}}"
here=$(cd "$(dirname "$0")" && pwd)
grafana=$here/../../packaging/grafana
for tool in promtool curl python3; do
  command -v $tool >/dev/null || { echo "SKIPPED, NOT TESTED: $tool is not installed"; exit 77; }
done
work=$(mktemp -d)
daemon=
trap '[ -z "$daemon" ] || { kill -KILL "$daemon"; wait "$daemon"; } 2>/dev/null; rm -rf "$work"' EXIT
failed=0
check() { # what, command…
  local what=$1
  shift
  if "$@" >"$work/said" 2>&1; then echo "PASS $what"; else echo "FAIL $what"; sed 's/^/     /' "$work/said"; failed=1; fi
}

: >"$work/empty.toml"
mkdir "$work/cache" "$work/state"
"$DW_BIN" run -c "$work/empty.toml" --set "cache.dir=$work/cache" --set "state.dir=$work/state" --set "admin.socket=$work/control.sock" \
  --set 'access.listen=["127.0.0.1"]' --set access.tftp.port=0 --set access.http.port=0 --set access.sccp.port=0 --set access.sip.port=0 \
  --set admin.listen=127.0.0.1:0 --set 'central.provisioning.origins=["file:///nonexistent/"]' \
  --set 'central.sccp.servers=["127.0.0.1:1"]' --set 'central.sip.servers=["udp:127.0.0.1:1"]' >"$work/log" 2>&1 &
daemon=$!
ask() { curl -sf -m 5 --unix-socket "$work/control.sock" http://localhost/metrics -o "$work/metrics"; }
for _ in {1..100}; do ask && break; sleep 0.1; done
ask || { echo "FAIL the daemon does not answer"; cat "$work/log"; exit 1; }

check "promtool finds no fault with the metrics" sh -c "promtool check metrics <'$work/metrics'"
check "promtool takes the alert rules" promtool check rules "$grafana/alerts.yml"
sed "s|ALERTS\]|$grafana/alerts.yml]|" "$here/alerts_test.yml" >"$work/alerts_test.yml"
check "each alert fires for what it is about, none for a healthy box" promtool test rules "$work/alerts_test.yml"
# Each of the dashboard's expressions, with Grafana's variables put in, as a rule that promtool can read.
check "the dashboard's expressions can be read" sh -c "python3 '$here/expressions.py' '$grafana/dashboard.json' >'$work/panels.yml' && promtool check rules '$work/panels.yml'"
grep -oh 'dropwire_[a-z_]*' "$grafana"/*.json "$grafana"/alerts.yml | sort -u >"$work/named"
sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' "$work/metrics" | sort -u >"$work/told"
check "all metrics that these name exist" test -z "$(comm -23 "$work/named" "$work/told")"
comm -23 "$work/named" "$work/told" | sed 's/^/     no such metric: /'
exit $failed
