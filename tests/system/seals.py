"""The seals of a store, computed once more: an independent reading of bot/store/seal.c, for tests that judge a store or move its times.

A row is sealed with HMAC-SHA256 over: the word for what it is, the seal of the record before it, then each column's name and value. Texts are their length (eight bytes, big-endian) and their bytes, numbers are eight bytes.
"""
import hashlib
import hmac

OPERATION = "id parent position verb target service_key service_name state ended verdict server user user_name channel thread created_ms updated_ms acting_ms ended_ms duration_ms watch_until_ms detail follow".split()
RECORD = "number at_ms operation who what detail".split()
NONE = bytes(32)


def number(value):
    return value.to_bytes(8, "big", signed=True)


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return number(len(data)) + data


def seal(key, word, before, names, row):
    said = text(word) + text(before)
    for name, value in zip(names, row):
        said += text(name) + (number(value) if isinstance(value, int) else text(value))
    return hmac.new(key, said, hashlib.sha256).digest()


def seal_end(key, which, at, mac):
    return hmac.new(key, text("cloudtak-bot chain 1") + text(which) + number(at) + text(mac), hashlib.sha256).digest()


def key_of(path):
    with open(path + ".audit-key", "rb") as f:
        return f.read()


def judge(db, key):
    """The head's number and first 16 hex digits; AssertionError when something does not fit."""
    base, base_mac, base_seal, head, head_mac, head_seal = db.execute(
        "SELECT base_number, base_mac, base_seal, head_number, head_mac, head_seal FROM meta").fetchone()
    assert seal_end(key, "base", base, base_mac) == base_seal and seal_end(key, "head", head, head_mac) == head_seal
    at, before = base, base_mac
    for *row, mac in db.execute(f"SELECT {', '.join(RECORD)}, mac FROM audit ORDER BY number"):
        assert row[0] == at + 1 and seal(key, "cloudtak-bot record 1", before, RECORD, row) == mac, f"record {row[0]}"
        at, before = row[0], mac
    assert at == head and before == head_mac
    for *row, mac in db.execute(f"SELECT {', '.join(OPERATION)}, mac FROM operation"):
        assert seal(key, "cloudtak-bot operation 1", b"", OPERATION, row) == mac, f"operation {row[0]}"
    return head, before.hex()[:16]


def seal_again(db, key):
    """As if this program had written what is there now."""
    for row in db.execute(f"SELECT {', '.join(OPERATION)} FROM operation").fetchall():
        db.execute("UPDATE operation SET mac = ? WHERE id = ?", (seal(key, "cloudtak-bot operation 1", b"", OPERATION, row), row[0]))
    at, before = db.execute("SELECT base_number, base_mac FROM meta").fetchone()
    for row in db.execute(f"SELECT {', '.join(RECORD)} FROM audit ORDER BY number").fetchall():
        at, before = row[0], seal(key, "cloudtak-bot record 1", before, RECORD, row)
        db.execute("UPDATE audit SET mac = ? WHERE number = ?", (before, at))
    db.execute("UPDATE meta SET head_number = ?, head_mac = ?, head_seal = ?", (at, before, seal_end(key, "head", at, before)))
