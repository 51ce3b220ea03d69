"""make_phones.py DATABASE COUNT: fills the phones.db of a Dropwire that is not running with so many phones, the same each time. Each cause
has its own share: 38 hold an old trust list, 120 find no config, 60 can't fetch firmware, 12 ask with a name that is not in use; the others are well."""
import sqlite3
import sys
import time

MODELS = [("7965", "SCCP45.9-4-2SR4-3S", "sccp"), ("7945", "SIP45.9-4-2SR3-1S", "sip"), ("7975", "SIP75.9-4-2SR3-1S", "sip"),
          ("7941", "SCCP41.9-4-2SR4-3S", "sccp"), ("7962", "SIP42.9-3-1SR4-1S", "sip"), ("7906", "SCCP11.9-4-2SR3-1S", "sccp")]


def steps_of(number, mac, at):
    """Name, outcome, octets of each file of the latest boot."""
    config = f"SEP{mac}.cnf.xml"
    if number < 38:
        return [(f"CTLSEP{mac}.tlv", "not_found", 0), (config + ".sgn", "not_found", 0)]
    if number < 158:
        return [(f"CTLSEP{mac}.tlv", "not_found", 0), (config, "not_found", 0), ("XMLDefault.cnf.xml", "not_found", 0)]
    if number < 218:
        return [(f"CTLSEP{mac}.tlv", "not_found", 0), (config, "sent", 5321), ("SCCP45.9-4-2SR4-3S.loads", "sent", 672), ("apps45.9-4-2.sbn", "not_found", 0)]
    return [(f"CTLSEP{mac}.tlv", "not_found", 0), (config, "sent", 5321), ("dialplan.xml", "sent", 180)]


def main():
    database, count = sys.argv[1], int(sys.argv[2])
    now = int(time.time() * 1000) - 3600_000
    db = sqlite3.connect(database)
    phones, steps = [], []
    for number in range(count):
        mac = f"001A2B{number * 7919 % 0xFFFFFF:06X}"
        device, address = "SEP" + mac, f"10.{number // 62500 % 250}.{number // 250 % 250}.{number % 250 + 1}"
        model, load, protocol = MODELS[number % len(MODELS)]
        at = now - number * 200
        for step, (name, outcome, octets) in enumerate(steps_of(number, mac, at)):
            steps.append((device, step + 1, at + step * 300, 120, outcome, 0, 0, 0, octets, octets, 0, address, name, ""))
        phones.append((device, device, address, protocol, model, load, 0, 1, "", at - 86400_000, at + 900, 10, 1 if number >= 158 else 0))
    with db:
        db.executemany("INSERT INTO phone(key, device, address, protocol, model, firmware, uses_http, proven, follow_ups, first_seen, last_seen,"
                       " next_step, had_config) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", phones)
        db.executemany("INSERT INTO step(phone, id, at, took, outcome, http, error_code, retransmissions, octets, size, last_block, peer, name, detail)"
                       " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", steps)
    db.close()


if __name__ == "__main__":
    main()
