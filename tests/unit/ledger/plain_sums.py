"""The ledger's questions, answered from each record by plain SQL: the reference for its sums.

These are the statements that answered before there were sums. A day is that of the whole second
(SQLite's `date` would round the last half millisecond of a day up into the next one).
"""

import sqlite3
from pathlib import Path

__all__ = ["daily_cost", "traffic", "usage"]

_FOREVER = 1e18

USAGE = """
SELECT
    CASE WHEN :by_model THEN coalesce(
        model, CASE WHEN asked_model = '' AND op <> 'generate' THEN '(' || op || ')' END, asked_model
    ) END AS model,
    CASE WHEN :by_day THEN date(CAST(at AS INTEGER), 'unixepoch') END AS day,
    CASE WHEN :by_route THEN route END AS route,
    CASE WHEN :by_outcome THEN outcome END AS outcome,
    CASE WHEN :by_policy THEN coalesce(policy, '') END AS policy,
    CASE WHEN :by_upstream THEN coalesce(upstream, '') END AS upstream,
    CASE WHEN :by_key THEN coalesce(key_id, '') END AS key,
    CASE WHEN :by_op THEN op END AS op,
    sum(op <> 'attempt') AS requests,
    sum(op <> 'attempt' AND outcome NOT IN ('ok', 'client_gone')) AS errors,
    sum(outcome = 'unknown') AS unknown,
    sum(cost_usd IS NULL AND input IS NOT NULL) AS unpriced,
    sum(emulated) AS emulated,
    coalesce(sum(estimated), 0) AS estimated,
    coalesce(sum(cost_pico_usd), 0) AS cost_pico_usd,
    coalesce(sum(input), 0) AS input,
    coalesce(sum(input_audio), 0) AS input_audio,
    coalesce(sum(cache_read), 0) AS cache_read,
    coalesce(sum(cache_read_audio), 0) AS cache_read_audio,
    coalesce(sum(cache_write_5m), 0) AS cache_write_5m,
    coalesce(sum(cache_write_1h), 0) AS cache_write_1h,
    coalesce(sum(tool_input), 0) AS tool_input,
    coalesce(sum(output), 0) AS output,
    coalesce(sum(output_audio), 0) AS output_audio,
    coalesce(sum(output_image), 0) AS output_image,
    coalesce(sum(thinking), 0) AS thinking
FROM records
WHERE at >= :since AND at < :until
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
ORDER BY 2, 1, 3, 4, 5, 6, 7, 8;
"""

TRAFFIC = """
SELECT
    date(CAST(at AS INTEGER), 'unixepoch') AS day,
    route,
    coalesce(model, asked_model) AS model,
    CASE
        WHEN prompt > 400000 THEN 400000 WHEN prompt > 300000 THEN 300000
        WHEN prompt > 272000 THEN 272000 WHEN prompt > 256000 THEN 256000
        WHEN prompt > 240000 THEN 240000 WHEN prompt > 220000 THEN 220000
        WHEN prompt > 200000 THEN 200000 WHEN prompt > 190000 THEN 190000
        WHEN prompt > 180000 THEN 180000 WHEN prompt > 160000 THEN 160000
        WHEN prompt > 140000 THEN 140000 WHEN prompt > 128000 THEN 128000
        WHEN prompt > 120000 THEN 120000 WHEN prompt > 110000 THEN 110000
        WHEN prompt > 100000 THEN 100000 WHEN prompt > 95000 THEN 95000
        WHEN prompt > 90000 THEN 90000 WHEN prompt > 80000 THEN 80000
        WHEN prompt > 70000 THEN 70000 WHEN prompt > 50000 THEN 50000
        WHEN prompt > 4095 THEN 4095 WHEN prompt > 2047 THEN 2047
        WHEN prompt > 1023 THEN 1023
        ELSE 0
    END AS size,
    cost_pico_usd IS NOT NULL AND server_calls IS NULL AS comparable,
    thinking_known,
    emulated,
    cost_pico_usd IS NOT NULL AS priced,
    CASE
        WHEN reuse_1h IS NULL THEN -1
        WHEN reuse_1h > 4095 THEN 4095 WHEN reuse_1h > 2047 THEN 2047
        WHEN reuse_1h > 1023 THEN 1023
        ELSE 0
    END AS reuse_size,
    0 AS elsewhere,
    count(*) AS requests,
    coalesce(sum(cost_pico_usd), 0) AS cost_pico_usd,
    sum(input) AS input,
    sum(input_audio) AS input_audio,
    sum(cache_read) AS cache_read,
    sum(cache_read_audio) AS cache_read_audio,
    sum(cache_write_5m) AS cache_write_5m,
    sum(cache_write_1h) AS cache_write_1h,
    sum(tool_input) AS tool_input,
    sum(output) AS output,
    sum(output_audio) AS output_audio,
    sum(output_image) AS output_image,
    sum(thinking) AS thinking,
    count(reuse_1h) AS reuse_known,
    sum(CASE WHEN reuse_1h IS NULL THEN 0 ELSE prompt END) AS reuse_known_prompt,
    coalesce(sum(reuse_5m), 0) AS reuse_5m,
    coalesce(sum(reuse_1h), 0) AS reuse_1h
FROM (
    SELECT
        *,
        input + input_audio + cache_read + cache_read_audio + cache_write_5m + cache_write_1h
        + tool_input AS prompt
    FROM records
    WHERE at >= :since AND at < :until AND op = 'generate' AND input IS NOT NULL
)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9;
"""

DAILY_COST = """
SELECT date(CAST(at AS INTEGER), 'unixepoch') AS day, sum(cost_pico_usd) AS cost_pico_usd
FROM records
WHERE at >= :since AND at < :until AND cost_pico_usd IS NOT NULL AND (:emulated OR NOT emulated)
GROUP BY 1
ORDER BY 1;
"""

_DIMENSIONS = ("model", "day", "route", "outcome", "policy", "upstream", "key", "op")


def usage(
    path: Path, by: tuple[str, ...], since: float | None, until: float | None
) -> list[dict[str, object]]:
    """Rows of sums, by the dimensions in `by`."""
    return _ask(path, USAGE, since, until, {f"by_{name}": name in by for name in _DIMENSIONS})


def traffic(path: Path, since: float | None, until: float | None) -> list[dict[str, object]]:
    """Rows of answers in groups."""
    return _ask(path, TRAFFIC, since, until, {})


def daily_cost(path: Path, since: float, until: float, *, emulated: bool) -> dict[object, object]:
    """Dollars (1e-12) of each day that has any."""
    found = _ask(path, DAILY_COST, since, until, {"emulated": emulated})
    return {row["day"]: row["cost_pico_usd"] for row in found}


def _ask(
    path: Path, sql: str, since: float | None, until: float | None, more: dict[str, object]
) -> list[dict[str, object]]:
    asked = {"since": since or 0.0, "until": _FOREVER if until is None else until, **more}
    db = sqlite3.connect(path)
    db.row_factory = sqlite3.Row
    found = [dict(row) for row in db.execute(sql, asked)]
    db.close()
    return found
