# shellcheck shell=bash
# Home routers that map ports on request, for the tests that source this file after lab.sh: Debian's miniupnpd.

# A router maps ports only if its WAN address is public, and the documentation networks do not count as public: so the
# WAN is 11.0.0.0/24 here, a real network of somebody, but only within these namespaces.
# router_public HOME NUMBER: the home's WAN address becomes 11.0.0.NUMBER; the internet's hosts get a route.
router_public() {
  local rtr host
  rtr=$(ns "$1-rtr")
  ip -n "$rtr" -4 addr flush dev wan
  ip -n "$rtr" addr add "11.0.0.$2/24" dev wan
  ip -n "$rtr" route add 203.0.113.0/24 dev wan
  for host in hosted central mallory; do
    ip -n "$(ns $host)" route replace 11.0.0.0/24 dev eth0
  done
}

# miniupnpd_start HOME [LINE]...: adds these lines to its configuration; its table is emptied first, as after a boot.
miniupnpd_start() {
  local home=$1 rtr=$1-rtr
  shift
  lab_in "$rtr" nft -f - <<'NFT'
table inet upnp
delete table inet upnp
table inet upnp {
  chain mapped_forward { }
  chain mapped_in { }
  chain mapped_out { }
  chain inbound { type nat hook prerouting priority dstnat - 1; policy accept; jump mapped_in; }
  chain outbound { type nat hook postrouting priority srcnat - 1; policy accept; jump mapped_out; }
}
NFT
  {
    printf '%s\n' ext_ifname=wan listening_ip=br-lan upnp_table_name=upnp upnp_nat_table_name=upnp \
      upnp_forward_chain=mapped_forward upnp_nat_chain=mapped_in upnp_nat_postrouting_chain=mapped_out \
      secure_mode=yes system_uptime=no notify_interval=900 clean_ruleset_interval=0 min_lifetime=5 max_lifetime=86400 \
      "uuid=00000000-0000-4000-8000-0000000000${#home}$((RANDOM % 10))" "$@"
    echo 'allow 1024-65535 192.168.1.0/24 1024-65535'
  } >"$LAB_DIR/$rtr.conf"
  lab_spawn "$rtr" "$rtr" miniupnpd -d -4 -f "$LAB_DIR/$rtr.conf" -P "$LAB_DIR/$rtr.pid"
  wait_until 5 log_has "$rtr" 'HTTP listening\|Listening for NAT-PMP'
}
# mapped HOME udp|tcp PORT: the router has a rule for this external port.
mapped() {
  local protocol=0x11
  [[ $2 == udp ]] || protocol=0x6
  lab_in "$1-rtr" nft list chain inet upnp mapped_in 2>/dev/null | grep -q "@nh,72,8 $protocol th dport $3 dnat"
}
