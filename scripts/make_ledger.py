"""Make a ledger of many rows, to measure the commands that read it.

    python scripts/make_ledger.py PATH [--rows 10000000] [--days 35]

Rows are made by SQLite itself from their number (no random numbers: two runs make the same
ledger): three models, five routes, prompts from 200 to 170,000 tokens with a weekly rhythm,
caches and thinking on some. Their cost is what the first price row of the catalogue would say,
roughly: enough for sums, not for reconciliation. 10 million rows take 4 GB and some minutes.
"""

import argparse
import sqlite3
import time
from pathlib import Path

from fairlead.ledger.sqlite import SqliteLedger

CHUNK = 500_000
INSERT = """
WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :last),
m AS (
    SELECT
        i,
        (i * 2654435761) % 4294967296 AS h,
        CASE WHEN i % 10 < 5 THEN 'gemini-2.5-flash' WHEN i % 10 < 8
            THEN 'claude-haiku-4-5-20251001' ELSE 'claude-haiku-5-5' END AS model
    FROM n
),
t AS (
    SELECT
        *,
        200 + h % 4000 + (h % 97 = 0) * (h % 170000) AS input,
        (h % 5 = 0) * (h / 8 % 3000) AS cache_read,
        (h / 3) % 900 AS output,
        (model = 'gemini-2.5-flash') * ((h / 7) % 600) AS thinking
    FROM m
)
INSERT INTO records (
    seq, id, at, dialect, asked_model, outcome, status, stream, key_id, model, upstream, route,
    policy, input, cache_read, cache_write_5m, output, thinking, thinking_known, cost_usd,
    cost_pico_usd, price_version, first_byte_ms, first_token_ms, last_ms, emulated
)
SELECT
    i + 1, printf('req_%012d', i), :start + i * :step, 'openai_chat', 'auto', 'ok', 200, i % 2,
    'key_' || (i % 4), model, CASE WHEN model LIKE 'g%' THEN 'google' ELSE 'anthropic' END,
    'route-' || (h % 5), 'article-tree', input, cache_read, 0, output, thinking, 1,
    printf('%.7f', (input * 10 + cache_read + (output + thinking) * 50) / 1e7),
    (input * 10 + cache_read + (output + thinking) * 50) * 100000, '2026-11-22-made', 300.0, 310.0,
    900.0, 0
FROM t
"""


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
    SqliteLedger(asked.path).close()
    db = sqlite3.connect(asked.path, isolation_level=None)
    db.execute("PRAGMA synchronous = OFF")
    step = asked.days * 86_400 / asked.rows
    start = time.time() - asked.days * 86_400
    for first in range(0, asked.rows, CHUNK):
        last = min(first + CHUNK, asked.rows)
        db.execute(INSERT, {"first": first, "last": last, "start": start, "step": step})
        print(f"{last:,} rows", flush=True)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


if __name__ == "__main__":
    main()
