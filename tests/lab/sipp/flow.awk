# Makes one side's sipp scenario of a flow:
#   awk -v name=FLOW -v side=A|B [-v auth=0] [-v lossy=1] [-v linger=MS] -f flow.awk flows.txt
# A is the phone: it registers first, under a Call-ID that sipp takes for the call's own ("reg5060///…"), and shows a
# password when the first request of a dialog is challenged. B is at the far end. K are answers that a server makes.
# A line is SIDE METHOD|CODE [OPTION]... [| HEADER]..., or SIDE pause MS. A side "A/B": A sends it, and only B's
# scenario has it here. The options:
#   sdp, sdp=KIND  a body: offer, narrow, hold, held, t38, t38ok, crypto      body=KIND  text, dtmf, pidf, trying, frag200
#   of=METHOD      the request that a response answers; else the other side's last
#   to=NUMBER      whom A's request is for, else -key number                  tag=T      the To tag of B's response
#   free           a request outside the dialog that stands                   noauth     the server asks no password
#   big            ten headers of 110 octets                                  mf=N       Max-Forwards
#   once           a request that is not sent again                           contact=C, expires=N  of A's REGISTER

BEGIN {
  if (auth == "") auth = 1
  own_tag = "[pid]" side
  peer_side = side == "A" ? "B" : "A"
  opens = "^(INVITE|SUBSCRIBE|REFER)$" # a dialog
  moves = "^(INVITE|UPDATE|SUBSCRIBE|REFER|NOTIFY)$" # has a Contact
  hop = "^(ACK|CANCEL)$"
}

function out(line) { text = text line "\n" }
function option(key,   i) {
  for (i = 3; i <= words; i++) {
    if (word[i] == key) return "1"
    if (index(word[i], key "=") == 1) return substr(word[i], length(key) + 2)
  }
  return ""
}

# ---- bodies and headers

function sdp(kind,   at, head, media) {
  at = "IN IP4 [local_ip]"
  head = "v=0\no=- 1000 " ++version " " at "\ns=a b  c\nc=" at "\nt=0 0\n"
  if (kind ~ /^t38/)
    return head "m=image [media_port] udptl t38\na=T38FaxVersion:0\na=T38MaxBitRate:14400\n" \
      "a=T38FaxRateManagement:transferredTCF\na=T38FaxMaxDatagram:400\na=T38FaxUdpEC:t38UDPRedundancy\n"
  media = "m=audio [media_port] RTP/AVP 0 8 101\n"
  if (kind == "narrow") media = "m=audio [media_port] RTP/AVP 0 101\n"
  if (kind == "crypto")
    media = "m=audio [media_port] RTP/SAVP 0 101\n" \
      "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4\n"
  return head media "a=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\na=fmtp:101 0-15\na=ptime:20\n" \
    "a=x-odd: Left  As Is\n" (kind == "hold" ? "a=sendonly" : kind == "held" ? "a=recvonly" : "a=sendrecv") "\n"
}
function typed(type, octets) { return "Content-Type: " type "\nContent-Length: [len]\n\n" octets "\n" }
function body(   kind) {
  if ((kind = option("sdp")) != "") return typed("application/sdp", sdp(kind))
  kind = option("body")
  if (kind == "text") return typed("text/plain;charset=UTF-8", "He said:  192.168.1.50, and no more.")
  if (kind == "dtmf") return typed("application/dtmf-relay", "Signal=5\nDuration=160")
  if (kind == "pidf") return typed("application/pidf+xml", "<presence entity=\"sip:[user]@lab\"/>")
  if (kind == "trying") return typed("message/sipfrag;version=2.0", "SIP/2.0 100 Trying")
  if (kind == "frag200") return typed("message/sipfrag;version=2.0", "SIP/2.0 200 OK")
  return "Content-Length: 0\n\n"
}
function extra(   i, lines, long) {
  lines = "X-Unknown:  odd  Spacing\nx-CASE-[call_number]: \"A, b\" ;c\n"
  for (i = 2; i <= parts; i++) lines = lines part[i] "\n"
  long = "0123456789abcdefghijklmnopqrstuvwxyz"
  if (option("big")) for (i = 1; i <= 10; i++) lines = lines "X-Big-" i ": " long long long "\n"
  return lines
}
function via(branch) { return "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=" branch "\n" }
function contact() {
  return "Contact: <sip:" (side == "A" ? "[user]" : "[number]") "@[local_ip]:[local_port];transport=[transport]>"
}
function mine() { return side == "A" ? "<sip:[user]@[domain]>" : "\"Bee\" <sip:[number]@[domain]>" }

# ---- sipp's elements

function send(message, again) { out("  <send" (again ? " retrans=\"500\"" : "") "><![CDATA[\n\n" message "\n]]></send>") }
function recv(what, actions, more) {
  out("  <recv " what more ">" (actions == "" ? "" : "<action>" actions "</action>") "</recv>")
}
function maybe_trying() { recv("response=\"100\"", "", " optional=\"true\"") }
function take(header, variable, regexp) {
  used[variable] = 1
  return "<ereg regexp=\"" (regexp == "" ? ".*" : regexp) "\" search_in=\"hdr\" header=\"" header \
    ":\" assign_to=\"" variable "\"/>"
}
# All of them, with the ends of their lines.
function take_vias() {
  used["all"] = used["vias"] = 1
  return "<ereg regexp=\"(Via:.*)From: \" search_in=\"msg\" assign_to=\"all,vias\"/>"
}
function take_target() { return take("Contact", "target", "sip:[^>]*") }

# ---- requests of this side

function request(method, credentials,   to, from, uri, number, routes, branch, refusing) {
  to = option("to") != "" ? option("to") : side == "A" ? "[number]" : "[user]"
  uri = "sip:" to "@[domain]"
  to = "<" uri ">"
  from = mine() ";tag=[pid]" side
  number = method ~ hop ? invite_number : ++sequence
  branch = "z9hG4bK[pid]" side number method
  refusing = method == "ACK" && refused
  if (method == "INVITE") {
    invite_number = number
    invite_branch = branch
    invite_uri = uri
  }
  if (method == "CANCEL" || refusing) {
    branch = invite_branch
    if (!reinvited) uri = invite_uri
  }
  if (inside && !option("free") && method != "CANCEL" && (!refusing || reinvited)) {
    uri = "[$target]"
    to = "[$peer]"
    routes = "[routes]\n"
    if (caller != side) from = "[$me];tag=" own_tag
  } else if (method == "ACK") to = "[$refuser]"
  return method " " uri " SIP/2.0\n" via(branch) routes "From: " from "\nTo: " to "\nCall-ID: [call_id]\nCSeq: " number \
    " " method "\n" (method ~ moves ? contact() "\n" : "") credentials "Max-Forwards: " \
    (option("mf") == "" ? 70 : option("mf")) "\n" extra() body()
}
function register(credentials,   number, where) {
  number = 100 + ++registers
  where = option("contact")
  where = where != "" ? where "\nExpires: " option("expires") : contact() ";+sip.instance=\"<urn:uuid:00000000-0000-0000-" \
    "0000-[user]0000[local_port]>\";X-odd=\"a  b\";expires=" (option("expires") == "" ? "[expires]" : option("expires"))
  if (where !~ /^Contact/) where = "Contact: " where
  return "REGISTER sip:[domain] SIP/2.0\n" via("z9hG4bK[pid]reg" number "-[user]") "From: <sip:[user]@[domain]>;tag=[pid]reg\n" \
    "To: <sip:[user]@[domain]>\nCall-ID: reg[local_port]///[call_id]\nCSeq: " number " REGISTER\n" where "\n" credentials \
    "Max-Forwards: 70\nContent-Length: 0\n\n"
}
function registers_itself() {
  send(register(""), 1)
  maybe_trying()
  if (!auth) return
  recv("response=\"401\"", "", " auth=\"true\"")
  send(register("[authentication]\n"), 1)
  maybe_trying()
}
# The ACK to a challenge has none of the options of its INVITE.
function acknowledge(   had_words, had_parts) {
  had_words = words
  had_parts = parts
  words = parts = refused = 1
  send(request("ACK", ""))
  words = had_words
  parts = had_parts
  refused = 0
}
function sends(method,   first, again) {
  if (method == "REGISTER") return registers_itself()
  # Lest it overtake this side's own last answer, which may go another way. (The ACK to a refusal does not say that it arrived:
  # the next hop made it.)
  if (spoke == side && method !~ hop) out("  <pause milliseconds=\"150\"/>")
  # Until an ACK that was lost has been asked for again, thrice.
  if (lossy && confirmed == side && method !~ hop) out("  <pause milliseconds=\"4000\"/>")
  first = !inside || option("free")
  again = method != "ACK" && !option("once")
  if (method !~ hop) {
    refused = 0
    reinvited = method == "INVITE" && inside
    if (caller == "") caller = side
  }
  if (side == "A" && auth && first && method !~ hop && !option("noauth")) {
    send(request(method, ""), again)
    maybe_trying()
    recv("response=\"407\"", take("To", "refuser"), " auth=\"true\"")
    if (method == "INVITE") acknowledge()
    if (option("sdp") != "") version--
    send(request(method, "[authentication]\n"), again)
  } else send(request(method, ""), again)
}

# ---- what the other side sent

function receives(method,   actions, i) {
  heard = method
  if (caller == "") caller = peer_side
  if (method !~ hop) fresh = (!inside && caller != side) || option("free") != ""
  if (method ~ /^(INVITE|SUBSCRIBE)$/) {
    saved_fresh = fresh
    actions = take_vias() take("From", "from") take("To", "to") take("CSeq", "cseq") take("Record-Route", "rr")
  }
  if (!inside && !option("free") && caller != side) {
    actions = actions take("From", "peer") take("To", "me")
    inside = method ~ opens
  }
  if (method ~ moves) actions = actions take_target()
  # Each copy of a 2xx has its ACK.
  if (lossy && acknowledged) for (i = 0; i < 3; i++) recv("request=\"ACK\"", "", " optional=\"true\"")
  acknowledged = method == "ACK"
  recv("request=\"" method "\"", actions, method ~ opens ? " rrs=\"true\"" : "")
}
function answers(code, method,   head, saved) {
  if (option("tag") != "") own_tag = option("tag")
  # Other requests may have come since.
  saved = method == "INVITE" || option("of") == "SUBSCRIBE"
  if (saved)
    head = (heard == method ? "[last_Via:]\n[last_Record-Route:]\n" : "[$vias]" \
      (side == "B" ? "Record-Route:[$rr]\n" : "")) "From:[$from]\nTo:[$to]" (saved_fresh ? ";tag=" own_tag : "") "\nCall-ID: [call_id]\nCSeq:[$cseq]\n"
  else
    head = "[last_Via:]\n[last_Record-Route:]\n[last_From:]\n[last_To:]" (fresh ? ";tag=" own_tag : "") \
      "\n[last_Call-ID:]\n[last_CSeq:]\n"
  send("SIP/2.0 " code " " (code == 200 ? "OK" : "As  It Is") "\n" head (method ~ moves && code < 300 ? contact() "\n" : "") extra() body(), \
    method == "INVITE" && code >= 200)
}
function answered(code, method,   actions, more) {
  heard = code
  if (code >= 300) {
    actions = take("To", "refuser")
    if (method == "INVITE") refused = 1
  } else if (code > 100 && who != "K") {
    if (method ~ opens) more = " rrs=\"true\""
    if (method ~ opens && caller == side) {
      actions = take("To", "peer") take_target()
      inside = 1
    } else if (method ~ /^(INVITE|UPDATE)$/) actions = take_target()
  }
  if (method == "INVITE" && code != 100) maybe_trying()
  # Nobody repeats a 180.
  if (lossy && code == 180) more = more " optional=\"true\""
  recv("response=\"" code "\"", actions, more)
}

# ---- the flow

/^#/ { next }
/^== / { on = $2 == name; next }
!on || NF == 0 { next }
{
  parts = split($0, part, / *\| */)
  words = split(part[1], word, / +/)
  who = substr(word[1], 1, 1)
  what = word[2]
  if (!started++) {
    out("<?xml version=\"1.0\" encoding=\"ISO-8859-1\" ?>\n<scenario name=\"" name "\">")
    if (side == "A" && what != "REGISTER") {
      had = words
      words = 0
      registers_itself()
      recv("response=\"200\"")
      words = had
    }
  }
  if (word[1] ~ /\// && substr(word[1], 3) != side || who == "K" && side == "B") next
  if (what == "pause") {
    if (who == side) out("  <pause milliseconds=\"" word[3] "\"/>")
  } else if (what ~ /^[0-9]+$/) {
    method = option("of") == "" ? last[who == "A" ? "B" : "A"] : option("of")
    if (who == side) answers(what, method)
    else answered(what, method)
    spoke = who
    refusal = what >= 300
  } else {
    last[who] = what
    if (who == side) sends(what)
    else receives(what)
    confirmed = what == "ACK" && !refusal ? who : ""
    if (what != "ACK" || !refusal) spoke = ""
  }
}
END {
  if (linger) out("  <timewait milliseconds=\"" linger "\"/>")
  for (variable in used) names = names (names == "" ? "" : ",") variable
  if (names != "") out("  <Reference variables=\"" names "\"/>")
  printf "%s</scenario>\n", text
}
