#!/usr/bin/env bash
# An edge finds out how the router in front of it behaves, against a hosted Dropwire: each kind of NAT, a carrier's NAT
# behind it, gateways that rewrite SIP or watch TFTP, hairpins, how long mappings live, ports that are blocked. And
# for a stranger the answers are not worth forging a request.
. "$(dirname "$0")/lab.sh"
lab_begin 150

mkdir "$LAB_DIR/files"
lab_internet
lab_carrier carrier masq
homes=(none masq random fullcone hairpin carried noudp)
lab_home none none edge
lab_home masq masq edge
lab_home random random edge
lab_home fullcone fullcone edge
lab_home hairpin hairpin edge
lab_home carried masq edge carrier=carrier
lab_home noudp masq edge
if lab_home alg alg edge 2>/dev/null; then homes+=(alg); else echo "NOT TESTED: no TFTP helper in this kernel"; fi
if lab_home sip masq_sip edge 2>/dev/null; then homes+=(sip); else echo "NOT TESTED: no SIP helper in this kernel"; fi

lab_in masq-rtr sysctl -qw net.netfilter.nf_conntrack_udp_timeout=8
lab_in random-rtr nft insert rule ip lab through tcp dport 2000 drop
lab_in noudp-rtr nft insert rule ip lab through meta l4proto udp drop

dropwire_start hosted hosted --mode hosted --set "central.provisioning.origins=[\"file://$LAB_DIR/files/\"]" \
  --set "access.listen=[\"$HOSTED\", \"$HOSTED2\"]"
for home in "${homes[@]}"; do dropwire_start "$home-edge" "$home" --set "central=$HOSTED"; done
waiting=()
for home in "${homes[@]}"; do
  lab_in "$home-edge" curl -s -m 20 -o "$LAB_DIR/$home.json" 'http://127.0.0.1:8079/api/doctor?measure=1' &
  waiting+=($!)
done
wait "${waiting[@]}"

network() { sed -n '/^  "network"/,$p' "$LAB_DIR/$1.json"; }
says() { check "$1: $2 is $3" grep -q "^    \"$2\": $3,\?$" <(network "$1"); } # HOME KEY VALUE
# Of one service and transport: the lines of its object.
reached() { network "$1" | grep -A5 "\"service\": \"$2\"" | grep -A4 "\"transport\": \"$3\""; }
reach() { check "$1: $2 by $3 is $4" grep -q "\"state\": \"$4\"" <(reached "$1" "$2" "$3"); }
kind() { # HOME PATH MAPPING FILTERING HAIRPIN TFTP_ALG
  says "$1" path "\"$2\""
  says "$1" mapping "\"$3\""
  says "$1" filtering "\"$4\""
  says "$1" hairpin "$5"
  says "$1" tftp_alg "$6"
}
ei=endpoint_independent apd=address_and_port_dependent
kind none none $ei $ei null null
kind masq nat $ei $apd false false
kind random nat $apd $apd false false
kind fullcone nat $ei $ei false null
kind hairpin nat $ei $ei true null
kind carried carrier $ei $apd false false
says noudp udp_blocked true
says noudp stun_error '"no answer"'
says noudp mapping '"unknown"'
for home in none masq carried; do says "$home" udp_blocked false; done
for service in "stun udp" "tftp udp" "sip udp" "sip tcp" "http tcp" "sccp tcp"; do
  # shellcheck disable=SC2086  # two words
  reach masq $service open
done
reach random sccp tcp no_answer
reach random http tcp open
reach noudp sip udp no_answer
reach noudp sip tcp open

sip_of() { network "$1" | sed -n '/"sip_alg"/,/"http_proxy"/p'; }
untouched() { # HOME: both transports were tried, and nothing was changed
  test "$(sip_of "$1" | grep -c '"altered": false')" = 2
}
check "masq: SIP arrives as it was sent, by UDP and TCP" untouched masq
check "random: SIP arrives as it was sent, by UDP and TCP" untouched random
check "masq: HTTP arrives as it was sent" grep -q '"altered": false' <(network masq | sed -n '/"http_proxy"/,/"reach"/p')
if [[ " ${homes[*]} " == *" sip "* ]]; then
  check "sip: UDP and TCP are altered" test "$(sip_of sip | grep -c '"altered": true')" = 2
  for field in Via Contact; do
    check "sip: the difference in $field is shown" grep -q "\"field\": \"$field\"" <(sip_of sip)
  done
  check "sip: what was sent has the private address" grep -q '"sent": ".*192.168.1.10' <(sip_of sip)
  kind sip nat $ei $apd false false
fi
[[ " ${homes[*]} " == *" alg "* ]] && kind alg nat $ei $apd false true

# What mallory sends and receives, in octets of IP, by the counters of its own machine.
lab_in mallory nft -f - <<'NFT'
table ip count {
  counter stun_in { }
  counter stun_out { }
  counter sip_in { }
  counter sip_out { }
  counter tftp_in { }
  counter tftp_out { }
  chain input { type filter hook input priority 0;
    udp sport { 3478, 3479 } counter name stun_in
    udp sport 5060 counter name sip_in
    ip saddr 203.0.113.10 udp sport != { 3478, 3479, 5060 } counter name tftp_in
  }
  chain output { type filter hook output priority 0;
    udp dport 3478 counter name stun_out
    udp dport 5060 counter name sip_out
    udp dport 69 counter name tftp_out
  }
}
NFT
printf '\0\1\0\0\x21\x12\xa4\x42abcdefghijkl' >"$LAB_DIR/stun.request"
{
  printf 'OPTIONS sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP 203.0.113.66:6000;branch=z9hG4bKx;rport\r\nMax-Forwards: 70\r\n' $HOSTED
  printf 'From: <sip:m@203.0.113.66>;tag=1\r\nTo: <sip:%s>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nDropwire-Probe: ' $HOSTED
  head -c 400 /dev/zero | tr '\0' 1
  printf '\r\nContent-Length: 0\r\n\r\n'
} >"$LAB_DIR/sip.request"
printf '\0\1dropwire-probe\0octet\0dropwire-probe\0fresh\0filler\0%s\0' "$(head -c 64 /dev/zero | tr '\0' .)" >"$LAB_DIR/tftp.request"
# shellcheck disable=SC2016  # for the inner shell
lab_in mallory bash -c 'for i in {1..200}; do cat "$1" >/dev/udp/$4/3478; cat "$2" >/dev/udp/$4/5060
  cat "$3" >/dev/udp/$4/69; done' - "$LAB_DIR/stun.request" "$LAB_DIR/sip.request" "$LAB_DIR/tftp.request" $HOSTED
count() { lab_in mallory nft list counter ip count "$1" | sed -nE "s/.*packets ([0-9]+) bytes ([0-9]+).*/\\$2/p"; }
no_gain() { # SERVICE TIMES: everything received against everything sent, and that something was received
  local sent got
  sent=$(count "$1_out" 2) got=$(count "$1_in" 2)
  check "$1: $got octets came for $sent, at most $2 times" test $((got > 0 && got <= $2 * sent)) = 1
  check "$1: $(count "$1_in" 1) answers to $(count "$1_out" 1) requests: some are left out" \
    test "$(count "$1_in" 1)" -lt "$(count "$1_out" 1)"
}
no_gain stun 2
no_gain sip 2
no_gain tftp 2

# A mapping lives 8 s there: it is measured in the background.
check "masq: the mapping's life is measured" wait_until 60 log_has masq event=mapping_lifetime
lab_in masq-edge curl -s -m 5 -o "$LAB_DIR/masq.json" http://127.0.0.1:8079/api/doctor
says masq mapping_lifetime_s 7
says masq mapping_dead_at_s 10
check "masq: keepalives come in half of that" log_has masq 'setting=central.sip.ping value=3s'
dropwire_stop masq
dropwire_start masq-edge masq --set "central=$HOSTED"
lab_in masq-edge curl -s -m 5 -o "$LAB_DIR/masq.json" http://127.0.0.1:8079/api/doctor
says masq mapping_lifetime_s 7
dropwire_stop masq
dropwire_stop hosted
lab_done
