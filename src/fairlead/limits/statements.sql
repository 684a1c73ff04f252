-- All SQL of the virtual keys. A statement begins with `-- name --`, then comments say what it is
-- for. The tables may lie in the ledger's file.

-- migration_1_keys --
-- A key and its revocation are two facts, each written once and never changed: who had a key when
-- stays readable beside the ledger. Only the secret's SHA-256 is stored.
CREATE TABLE virtual_keys (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE,
    created REAL NOT NULL
);
CREATE TABLE virtual_key_revocations (
    seq INTEGER PRIMARY KEY,
    key_id TEXT NOT NULL UNIQUE,
    at REAL NOT NULL
);

-- migration_2_teams_and_budgets --
-- Whose a key is, and what it should spend in a period (`day`, `week`, `month`, `total`) in dollars, as
-- an exact decimal; NULL: no budget. Written with the key and never changed.
ALTER TABLE virtual_keys ADD COLUMN team TEXT NOT NULL DEFAULT '';
ALTER TABLE virtual_keys ADD COLUMN budget_usd TEXT;
ALTER TABLE virtual_keys ADD COLUMN budget_period TEXT;

-- revision --
-- Changes with each key made and each key revoked; both tables only grow.
SELECT
    (SELECT coalesce(max(seq), 0) FROM virtual_keys),
    (SELECT coalesce(max(seq), 0) FROM virtual_key_revocations);

-- all_keys --
-- Every key with its hash and the time of its revocation, in the order of making.
SELECT k.id, k.name, k.created, r.at, k.team, k.budget_usd, k.budget_period, k.hash
FROM virtual_keys AS k LEFT JOIN virtual_key_revocations AS r ON r.key_id = k.id
ORDER BY k.seq;

-- insert_key --
-- A new key.
INSERT INTO virtual_keys (id, name, hash, created, team, budget_usd, budget_period)
VALUES (?, ?, ?, ?, ?, ?, ?);

-- revoke_key --
-- From now on the key is refused.
INSERT INTO virtual_key_revocations (key_id, at) VALUES (?, ?);
