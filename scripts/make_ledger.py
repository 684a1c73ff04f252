"""Make a ledger of many rows, to measure the commands that read it.

    python scripts/make_ledger.py PATH [--rows 10000000] [--days 35]

Forty keys hold conversations with three models by six routes, over five weeks with their nights and
weekends: prompts grow turn by turn from 200 to 200,000 tokens, some are read from the vendor's
cache, three in a hundred fail. Nothing is left to chance: two runs make the same rows up to where
they begin. Costs are the catalogue's, so that a what-if of the same model changes nothing.

The rows are SQLite's own product of a pool of prepared requests and the rows' numbers, which takes
a few microseconds a row; the sums over them are made by the ledger's writer, as for any file that
came without. Fingerprints of prompts are there; what is in them is made up. Ten million rows take
some 5 GB and ten minutes.
"""

import argparse
import math
import random
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from fairlead.catalog import load
from fairlead.cost.price import PriceTable
from fairlead.ledger.store import Store
from fairlead.tokens.prefix import SYSTEM, Prefix

KEYS, ROUTES, TURNS = 40, 6, 10
CONVERSATIONS = 12
MODELS = (
    ("gemini-2.5-flash", "google", 5),
    ("claude-haiku-4-5-20251001", "anthropic", 3),
    ("claude-haiku-5-5", "anthropic", 2),
)
HOUR, WEEK = 3600, 7 * 24
PIECE = 200_000
KINDS = ("input", "cache_read", "cache_write_5m", "output")

POOL = """
CREATE TEMP TABLE pool (
    place INTEGER PRIMARY KEY, key_id TEXT, route TEXT, asked_model TEXT, policy TEXT, model TEXT,
    upstream TEXT, prompt INTEGER, known INTEGER, prefix BLOB, input_rate INTEGER,
    cache_read_rate INTEGER, cache_write_5m_rate INTEGER, output_rate INTEGER
)
"""
FILL = "INSERT INTO pool VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

# `h` and `g` scatter the row's number; the square favours the pool's first requests: few keys have
# most of the traffic. What a prompt shares with one before was used within five minutes for one in
# two, within an hour for four in five.
INSERT = """
WITH RECURSIVE n (i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :last),
scattered AS (
    SELECT i, (i * 2654435761) % 4294967296 AS h, (i * 2246822519 + 374761393) % 4294967296 AS g
    FROM n
),
drawn AS (
    SELECT
        s.*, p.*,
        g % 100 < 97 AS answered,
        CASE WHEN known IS NULL THEN NULL WHEN h % 5 < 4 THEN known ELSE 0 END AS within_1h,
        CASE WHEN known IS NULL THEN NULL WHEN h % 10 < 5 THEN known ELSE 0 END AS within_5m,
        20 + (h / 16 % 1000) * (g / 16 % 1000) / 800 AS told,
        (upstream = 'google') * (g / 8 % 700) AS thought
    FROM scattered AS s
    CROSS JOIN pool AS p
        ON p.place = CAST(:pool * (h / 4294967296.0) * (h / 4294967296.0) AS INTEGER)
),
cached AS (
    SELECT
        *,
        coalesce((g / 4 % 4 = 0) * within_5m, 0) AS read,
        coalesce((upstream = 'anthropic') * (g / 4 % 4 = 0) * (prompt - within_5m), 0) AS written
    FROM drawn
),
priced AS (
    SELECT
        *,
        (prompt - read - written) * input_rate + read * cache_read_rate
        + written * cache_write_5m_rate + (told + thought) * output_rate AS pico
    FROM cached
)
INSERT INTO records (
    seq, id, at, dialect, asked_model, outcome, status, stream, key_id, model, upstream, route,
    policy, input, cache_read, cache_write_5m, input_audio, cache_read_audio, cache_write_1h,
    tool_input, output_audio, output_image, estimated, output, thinking, thinking_known, cost_usd,
    cost_pico_usd, price_version, first_byte_ms, first_token_ms, last_ms, emulated, reuse_5m,
    reuse_1h, prefix
)
SELECT
    i + 1, printf('req_%016x', i), :at + (i - :first) * :step, 'openai_chat', asked_model,
    CASE WHEN answered THEN iif(g % 97 = 0, 'client_gone', 'ok')
        WHEN g % 3 = 0 THEN 'upstream_error' ELSE 'refused' END,
    iif(answered, 200, 429), h % 2, key_id, model, upstream, route, policy,
    iif(answered, prompt - read - written, NULL), iif(answered, read, NULL),
    iif(answered, written, NULL),
    iif(answered, 0, NULL), iif(answered, 0, NULL), iif(answered, 0, NULL), iif(answered, 0, NULL),
    iif(answered, 0, NULL), iif(answered, 0, NULL), iif(answered, 0, NULL),
    iif(answered, told, NULL), iif(answered, thought, NULL), iif(answered, 1, NULL),
    iif(answered, printf('%d.%012d', pico / 1000000000000, pico % 1000000000000), NULL),
    iif(answered, pico, NULL), '2026-11-22-made', 200.0 + h % 300, 250.0 + h % 300,
    250.0 + h % 300 + told * 6.0, 0, iif(answered, within_5m, NULL), iif(answered, within_1h, NULL),
    prefix
FROM priced
"""


def pool(moment: datetime) -> Iterator[tuple[object, ...]]:
    """Requests to draw from: each turn of some conversations of each key, often used ones first."""
    draw = random.Random(20_261_122)  # noqa: S311 - no secret: the same rows at each run
    catalog = load()
    tables = {m: PriceTable(catalog.resolve(m, moment.date()), moment.date()) for m, *_ in MODELS}
    requests = []
    for key in range(KEYS):
        named = draw.choices(MODELS, [weight for *_, weight in MODELS])[0]
        for conversation in range(CONVERSATIONS):
            model, upstream, _ = named if draw.random() < 0.7 else draw.choice(MODELS)
            route = f"route-{(key + draw.randrange(2)) % ROUTES}"
            tokens = [int(150 * math.exp(draw.random() * 4))]
            for _ in range(TURNS):
                grown = tokens[-1] + int(60 * math.exp(draw.random() * 4.5))
                tokens.append(grown * (8 if draw.random() < 0.02 else 1))
            hashes = [draw.getrandbits(64) for _ in tokens]
            policy = "tree" if conversation % 3 else None
            for turn in range(1, TURNS + 1):
                prompt = min(tokens[turn], 200_000)
                size = prompt + 1
                rates = (
                    int(
                        (tables[model].usd_per_million(k, prompt_tokens=size) or Decimal(0)) * 10**6
                    )
                    for k in KINDS
                )
                large = prompt >= 512
                prefix = Prefix(
                    tuple(hashes[: turn + 1]),
                    tuple(tokens[: turn + 1]),
                    (SYSTEM, *range(turn)),
                    (-1,) * (turn + 1),
                )
                requests.append((
                    f"key_{key:04}", route, "auto" if policy else model, policy, model, upstream,
                    prompt, min(tokens[turn - 1], prompt) if large else None,
                    prefix.pack() if large else None, *rates,
                ))  # fmt: skip
    draw.shuffle(requests)
    requests.sort(key=lambda each: int(str(each[0])[4:]) // 4)  # the first keys are drawn most
    for place, each in enumerate(requests):
        yield place, *each


def hours(rows: int, days: int, first: int) -> Iterator[tuple[int, int]]:
    """Each hour (since 1970) and its share of the rows: more by day, less at weekends."""
    shares = []
    for hour in range(first, first + days * 24):
        weekend = (hour // 24 + 3) % 7 >= 5
        day = 1.0 + 0.7 * math.sin((hour % 24 - 9) / 24 * 2 * math.pi)
        growth = 1.0 + 0.3 * (hour - first) / WEEK
        shares.append((hour, day * growth * (0.4 if weekend else 1.0)))
    total, done, given = sum(share for _, share in shares), 0.0, 0
    for hour, share in shares:
        done += share
        upto = round(rows * done / total)
        yield hour, upto - given
        given = upto


def make(path: Path, rows: int, days: int, now: float, *, told: bool = False) -> None:
    """Make a ledger whose last row is of the hour before `now` (Unix seconds)."""
    store = Store(path, now)
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA temp_store = MEMORY")
    db.execute(POOL)
    requests = list(pool(datetime.fromtimestamp(now, UTC)))
    db.executemany(FILL, requests)
    first = 0
    for number, (hour, count) in enumerate(hours(rows, days, int(now) // HOUR - days * 24)):
        last = first + count
        if count:
            asked = {"first": first, "last": last, "pool": len(requests)}
            db.execute(INSERT, {**asked, "at": hour * HOUR + 0.25, "step": (HOUR - 1) / count})
        first = last
        if told and number % 24 == 0:
            print(f"{last:,} rows", flush=True)
    db.close()
    store.sum_up(PIECE)
    while store.unsummed:
        store.sum_up(PIECE)
        if told:
            print(f"{store.unsummed:,} to sum", flush=True)
    store.leave(now)
    store.close()


def main() -> None:
    """Make it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--days", type=int, default=35)
    asked = parser.parse_args()
    if asked.path.exists():
        parser.error(f"{asked.path} is there already")
    make(asked.path, asked.rows, asked.days, time.time(), told=True)


if __name__ == "__main__":
    main()
