-- SQL of the canaries' history, which lies in the ledger's file. A statement begins with `-- name --`,
-- then comments say what it is for.

-- migration_1_canary_events --
-- What happened to canaries, append-only: `begun` (a process first served this policy), `rolled_back`,
-- `resumed`. The newest event of a policy's hash says how it stands. `figures`: JSON of what the
-- roll-back rests on.
CREATE TABLE canary_events (
    seq INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    policy TEXT NOT NULL,
    policy_hash TEXT NOT NULL,
    event TEXT NOT NULL,
    reason TEXT NOT NULL,
    figures TEXT NOT NULL
);
CREATE INDEX canary_events_by_hash ON canary_events (policy_hash);
CREATE TRIGGER canary_events_keep_update BEFORE UPDATE ON canary_events
BEGIN SELECT RAISE(ABORT, 'canary_events is append-only'); END;
CREATE TRIGGER canary_events_keep_delete BEFORE DELETE ON canary_events
BEGIN SELECT RAISE(ABORT, 'canary_events is append-only'); END;

-- last_event --
-- How a canary stands.
SELECT at, policy, policy_hash, event, reason, figures FROM canary_events
WHERE policy_hash = ? ORDER BY seq DESC LIMIT 1;

-- insert_event --
-- One more event.
INSERT INTO canary_events (at, policy, policy_hash, event, reason, figures)
VALUES (?, ?, ?, ?, ?, ?);

-- standing --
-- The newest event of each canary.
SELECT at, policy, policy_hash, event, reason, figures FROM canary_events
WHERE seq IN (SELECT max(seq) FROM canary_events GROUP BY policy_hash)
ORDER BY seq;

-- history --
-- All events of one policy's name, the oldest first.
SELECT at, policy, policy_hash, event, reason, figures FROM canary_events
WHERE policy = ? ORDER BY seq;

-- before_time --
-- The number of the last record before a point in time, 0 where there is none.
SELECT coalesce(
    (SELECT seq FROM records WHERE at >= ? ORDER BY at LIMIT 1) - 1,
    (SELECT max(seq) FROM records),
    0
);

-- newest_row --
-- The number of the newest record.
SELECT coalesce(max(seq), 0) FROM records;

-- newest_word --
-- The number of the newest word on an answer.
SELECT coalesce(max(seq), 0) FROM verdicts;

-- trials --
-- Requests that a canary decided on, in the order in which they were written, some at a time.
-- Numbers are given within the transaction that writes, so nothing is read twice or left out.
-- A request's further attempts (`req_x.1`) are what it cost too; `/` is the character behind the dot.
SELECT
    seq, at, decision, outcome, coalesce(cost_pico_usd + coalesce(tried, 0), tried), stream,
    first_token_ms, last_ms
FROM (
    SELECT
        r.*,
        (
            SELECT sum(a.cost_pico_usd) FROM records AS a
            WHERE a.id > r.id || '.' AND a.id < r.id || '/' AND a.op = 'attempt'
        ) AS tried
    FROM records AS r
    WHERE
        r.seq > :after AND r.seq <= :newest AND r.policy = :policy AND r.op = 'generate'
        AND r.decision IS NOT NULL
    ORDER BY r.seq
    LIMIT :most
)
ORDER BY seq;

-- signals --
-- Requests of such whose answers carry a bad signal, each once.
SELECT v.seq, r.at, r.decision
FROM verdicts AS v CROSS JOIN records AS r ON r.id = v.id
WHERE
    v.seq > :after AND v.seq <= :newest AND v.score < 1 AND v.source LIKE 'signal:%'
    AND v.source NOT LIKE 'signal:%:%' AND r.policy = :policy
    AND r.op = 'generate' AND r.decision IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM verdicts AS w
        WHERE
            w.id = v.id AND w.seq < v.seq AND w.score < 1 AND w.source LIKE 'signal:%'
            AND w.source NOT LIKE 'signal:%:%'
    )
ORDER BY v.seq
LIMIT :most;

-- ratings --
-- What people and graders said of such requests, the first word of each source.
SELECT v.seq, r.at, r.decision, v.score
FROM verdicts AS v CROSS JOIN records AS r ON r.id = v.id
WHERE
    v.seq > :after AND v.seq <= :newest AND v.score IS NOT NULL AND v.source NOT LIKE 'signal:%' AND r.policy = :policy
    AND r.op = 'generate' AND r.decision IS NOT NULL
    AND NOT EXISTS (
        SELECT 1 FROM verdicts AS w
        WHERE w.id = v.id AND w.source = v.source AND w.score IS NOT NULL AND w.seq < v.seq
    )
ORDER BY v.seq
LIMIT :most;
