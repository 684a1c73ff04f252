-- All SQL of the vault's room. A statement begins with `-- name --`, then comments say what it is
-- for. `statements.py` loads them; nothing else in the room holds SQL.

-- migration_1_first_form --
-- `kept`: signed parts (the vault). `seq` only grows, so that a process reads what others have put
-- since it looked last; `writer` is the process that put it, `used` its last use (Unix seconds),
-- `size` what it counts for. `kept_total` is the sum, kept by triggers, so that bounding many
-- processes' entries needs no walk through them; REPLACE deletes and so needs recursive_triggers.
-- `responses`: answers of the Responses API with what was asked in them. `owned`: whose a vendor's
-- file, batch or cache is.
CREATE TABLE kept (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    parts BLOB NOT NULL,
    size INTEGER NOT NULL,
    used REAL NOT NULL,
    writer INTEGER NOT NULL
);
CREATE UNIQUE INDEX kept_by_key ON kept (scope, key);
CREATE INDEX kept_by_use ON kept (used, seq);
CREATE TABLE kept_total (entries INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO kept_total (entries, bytes) VALUES (0, 0);
CREATE TRIGGER kept_comes AFTER INSERT ON kept
BEGIN UPDATE kept_total SET entries = entries + 1, bytes = bytes + new.size; END;
CREATE TRIGGER kept_goes AFTER DELETE ON kept
BEGIN UPDATE kept_total SET entries = entries - 1, bytes = bytes - old.size; END;
CREATE TABLE responses (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL,
    id TEXT NOT NULL,
    previous_id TEXT,
    model TEXT NOT NULL,
    upstream TEXT NOT NULL,
    created REAL NOT NULL,
    size INTEGER NOT NULL,
    body BLOB NOT NULL,
    items BLOB NOT NULL
);
CREATE UNIQUE INDEX responses_by_id ON responses (scope, id);
CREATE INDEX responses_by_age ON responses (created, seq);
CREATE TABLE responses_total (entries INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO responses_total (entries, bytes) VALUES (0, 0);
CREATE TRIGGER responses_come AFTER INSERT ON responses
BEGIN UPDATE responses_total SET entries = entries + 1, bytes = bytes + new.size; END;
CREATE TRIGGER responses_go AFTER DELETE ON responses
BEGIN UPDATE responses_total SET entries = entries - 1, bytes = bytes - old.size; END;
CREATE TABLE owned (
    upstream TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    scope TEXT NOT NULL,
    created REAL NOT NULL,
    PRIMARY KEY (upstream, kind, id)
) WITHOUT ROWID;
CREATE INDEX owned_by_scope ON owned (scope, upstream, kind);

-- migration_2_unbooked_batches --
-- `unbooked`: batches whose cost is in no ledger yet. `mark` tells with which of the upstream's keys
-- a batch was made, `due` is when it is looked at next, `looks` how often it was. What keys made
-- before and may still be read (vendors keep results for some 30 days) is taken over.
CREATE TABLE unbooked (
    upstream TEXT NOT NULL,
    id TEXT NOT NULL,
    scope TEXT NOT NULL,
    mark TEXT NOT NULL,
    created REAL NOT NULL,
    due REAL NOT NULL,
    looks INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (upstream, id)
) WITHOUT ROWID;
CREATE INDEX unbooked_by_due ON unbooked (due);
INSERT INTO unbooked (upstream, id, scope, mark, created, due)
SELECT upstream, id, scope, '', created, created FROM owned AS made
WHERE kind = 'batches' AND created > unixepoch() - 30 * 86400 AND NOT EXISTS (
    SELECT 1 FROM owned AS noted
    WHERE noted.upstream = made.upstream AND noted.kind = 'booked' AND noted.id = made.id
);

-- kept_put --
-- Keep signed parts; `Statements.rows` repeats the VALUES group.
INSERT OR REPLACE INTO kept (scope, key, parts, size, used, writer)
VALUES (?, ?, ?, ?, ?, ?);

-- kept_get --
-- Signed parts and when they were used last. Older ones than the bound may still be there.
SELECT parts, used FROM kept WHERE scope = ? AND key = ? AND used > ?;

-- kept_touch --
-- They were used again; `Statements.rows` repeats the VALUES group.
WITH touched (scope, place, moment) AS (VALUES (?, ?, ?))
UPDATE kept SET used = t.moment
FROM touched AS t WHERE kept.scope = t.scope AND kept.key = t.place AND kept.used < t.moment;

-- kept_names --
-- What is there, for the filter in memory.
SELECT scope, key FROM kept;

-- kept_newest --
-- Up to where the filter has seen all.
SELECT coalesce(max(seq), 0) FROM kept;

-- kept_of_others --
-- What other processes have put since.
SELECT seq, scope, key FROM kept WHERE seq > ? AND writer != ? ORDER BY seq;

-- kept_expire --
-- What was not used for too long.
DELETE FROM kept WHERE used <= ?;

-- kept_total --
-- How much is kept.
SELECT entries, bytes FROM kept_total;

-- kept_oldest --
-- The longest unused, to make room.
SELECT seq, size FROM kept ORDER BY used, seq LIMIT ?;

-- kept_remove --
-- What was put in its place is too large to be kept.
DELETE FROM kept WHERE scope = ? AND key = ?;

-- kept_drop --
-- One of them goes.
DELETE FROM kept WHERE seq = ?;

-- kept_forget --
-- A key was revoked: all that was its.
DELETE FROM kept WHERE scope = ?;

-- responses_put --
-- An answer and what was asked in it. One that is there stays: an id is given once.
INSERT INTO responses (scope, id, previous_id, model, upstream, created, size, body, items)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (scope, id) DO NOTHING;

-- responses_get --
-- One answer that is not too old.
SELECT body, items, previous_id, model, upstream, created
FROM responses WHERE scope = ? AND id = ? AND created > ?;

-- responses_delete --
-- One answer goes; those that build on it stay.
DELETE FROM responses WHERE scope = ? AND id = ?;

-- responses_expire --
-- What is too old.
DELETE FROM responses WHERE created <= ?;

-- responses_total --
-- How much is stored.
SELECT entries, bytes FROM responses_total;

-- responses_oldest --
-- The oldest, to make room.
SELECT seq, size FROM responses ORDER BY created, seq LIMIT ?;

-- responses_drop --
-- One of them goes.
DELETE FROM responses WHERE seq = ?;

-- responses_forget --
-- A key was revoked: all that was its.
DELETE FROM responses WHERE scope = ?;

-- owned_put --
-- A vendor's object belongs to a scope. Whoever made it last owns it: the vendor has let go of the
-- one before.
INSERT INTO owned (upstream, kind, id, scope, created) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (upstream, kind, id) DO UPDATE SET scope = excluded.scope, created = excluded.created;

-- owned_once --
-- Noted if nobody has: a row for whoever came first.
INSERT INTO owned (upstream, kind, id, scope, created) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (upstream, kind, id) DO NOTHING;

-- owned_get --
-- Whose it is.
SELECT scope FROM owned WHERE upstream = ? AND kind = ? AND id = ?;

-- owned_ids --
-- All of one kind that a scope owns at an upstream, in the order of making.
SELECT id FROM owned WHERE scope = ? AND upstream = ? AND kind = ? ORDER BY created, id;

-- owned_delete --
-- It was deleted at the vendor.
DELETE FROM owned WHERE upstream = ? AND kind = ? AND id = ? AND scope = ?;

-- owned_forget --
-- A key was revoked: nothing is its any more.
DELETE FROM owned WHERE scope = ?;

-- unbooked_put --
-- A batch was made. One that is known stays as it is.
INSERT INTO unbooked (upstream, id, scope, mark, created, due) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (upstream, id) DO NOTHING;

-- unbooked_take --
-- The one that is most overdue, and in the same step its next turn: no two processes get it.
UPDATE unbooked SET
    due = :now + :first * min(1 << min(looks, 30), :longest),
    looks = looks + 1
WHERE (upstream, id) = (
    SELECT upstream, id FROM unbooked WHERE due <= :now ORDER BY due, upstream, id LIMIT 1
)
RETURNING upstream, id, scope, mark, created, looks;

-- unbooked_hold --
-- It is being read: not to be taken before.
UPDATE unbooked SET due = max(due, ?) WHERE upstream = ? AND id = ?;

-- unbooked_done --
-- Nothing is left to do for it.
DELETE FROM unbooked WHERE upstream = ? AND id = ?;
