"""Writes a Grafana dashboard's expressions as Prometheus recording rules, so that promtool can say whether they make sense."""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    dashboard = json.load(file)
rules = []
for panel in dashboard["panels"]:
    for target in panel.get("targets", []):
        expression = target["expr"].replace("$__rate_interval", "5m").replace("$instance", ".*")
        rules.append({"record": f"panel:{panel['id']}:{target['refId']}", "expr": expression})
if not rules:
    sys.exit("the dashboard has no panels")
json.dump({"groups": [{"name": "panels", "rules": rules}]}, sys.stdout)
