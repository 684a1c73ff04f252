-- All SQL of the ledger. A statement begins with `-- name --`, then comments say what it is for.
-- `statements.py` loads them; nothing else in the room holds SQL.

-- migrations_table --
-- Which changes of which room's tables this file has had. Made before anything else.
CREATE TABLE IF NOT EXISTS migrations (
    room TEXT NOT NULL,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    applied_at REAL NOT NULL,
    PRIMARY KEY (room, version)
);

-- schema_version --
-- The newest migration of the ledger that this file has had; 0 for a fresh file.
SELECT coalesce(max(version), 0) FROM migrations WHERE room = 'ledger';

-- note_migration --
-- Note that a migration was applied, in the same transaction as its statements.
INSERT INTO migrations (room, version, name, applied_at) VALUES ('ledger', ?, ?, ?);

-- migration_1_first_form --
-- `instances`: processes that have opened this file. `settled` is a row of `accepted` up to which
-- each of the instance's acceptances has a record; `seen` its last sign of life; `closed` is set
-- when it ended well or was found dead.
-- `accepted` and `records`: append-only, joined by `id`. Each request has one row in `records` in
-- the end; it has one in `accepted` unless its record came so soon that both would have been
-- written together: then the record suffices. Money is stored twice: `cost_usd` is the exact
-- decimal as text, `cost_pico_usd` the same in 1e-12 dollars for summing in SQL (64 bits hold 9.2
-- million dollars). A request whose vendor told no usage has NULL in every usage column; 0 tokens
-- is a figure, NULL is none. The columns with DEFAULT 0 are the ones that `insert_plain` leaves out.
CREATE TABLE instances (
    id TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    started TEXT NOT NULL,
    boot TEXT NOT NULL,
    pid_space TEXT NOT NULL,
    opened REAL NOT NULL,
    seen REAL NOT NULL,
    settled INTEGER NOT NULL,
    closed REAL
) WITHOUT ROWID;
CREATE TABLE accepted (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    at REAL NOT NULL,
    dialect TEXT NOT NULL,
    asked_model TEXT NOT NULL,
    key_id TEXT,
    stream INTEGER NOT NULL,
    instance TEXT NOT NULL
);
CREATE UNIQUE INDEX accepted_by_id ON accepted (id);
CREATE TABLE records (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    at REAL NOT NULL,
    dialect TEXT NOT NULL,
    asked_model TEXT NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER NOT NULL,
    stream INTEGER NOT NULL,
    key_id TEXT,
    model TEXT,
    upstream TEXT,
    route TEXT NOT NULL,
    policy TEXT,
    decision TEXT,
    losses TEXT,
    input INTEGER,
    input_audio INTEGER DEFAULT 0,
    cache_read INTEGER,
    cache_read_audio INTEGER DEFAULT 0,
    cache_write_5m INTEGER,
    cache_write_1h INTEGER DEFAULT 0,
    tool_input INTEGER DEFAULT 0,
    output INTEGER,
    output_audio INTEGER DEFAULT 0,
    output_image INTEGER DEFAULT 0,
    thinking INTEGER,
    thinking_known INTEGER,
    estimated INTEGER DEFAULT 0,
    tier TEXT,
    server_calls TEXT,
    cost_usd TEXT,
    cost_pico_usd INTEGER,
    price_version TEXT,
    error_kind TEXT,
    error_message TEXT,
    queue_ms REAL,
    first_byte_ms REAL,
    first_token_ms REAL,
    last_ms REAL,
    emulated INTEGER NOT NULL
);
CREATE UNIQUE INDEX records_by_id ON records (id);
CREATE INDEX records_by_time ON records (at);
CREATE TRIGGER accepted_keep_update BEFORE UPDATE ON accepted
BEGIN SELECT RAISE(ABORT, 'accepted is append-only'); END;
CREATE TRIGGER accepted_keep_delete BEFORE DELETE ON accepted
BEGIN SELECT RAISE(ABORT, 'accepted is append-only'); END;
CREATE TRIGGER records_keep_update BEFORE UPDATE ON records
BEGIN SELECT RAISE(ABORT, 'records is append-only'); END;
CREATE TRIGGER records_keep_delete BEFORE DELETE ON records
BEGIN SELECT RAISE(ABORT, 'records is append-only'); END;

-- migration_2_what_was_asked_for --
-- `op`: an answer of a model (generate), or one of the calls beside it (count_tokens, embeddings,
-- files, batches, caches). All before was an answer.
ALTER TABLE accepted ADD COLUMN op TEXT NOT NULL DEFAULT 'generate';
ALTER TABLE records ADD COLUMN op TEXT NOT NULL DEFAULT 'generate';

-- migration_3_reuse_of_prompts --
-- How much of the prompt began another one of the same key within 5 minutes or an hour before (NULL:
-- not known), and its fingerprint. The long value stands last, so that the others are read without it.
ALTER TABLE records ADD COLUMN reuse_5m INTEGER;
ALTER TABLE records ADD COLUMN reuse_1h INTEGER;
ALTER TABLE records ADD COLUMN prefix BLOB;

-- migration_4_where_it_was_computed --
-- `region`: where an answer was computed, where the vendor charges for that (NULL: anywhere).
ALTER TABLE records ADD COLUMN region TEXT;

-- begin --
-- Take the write lock at once, so that a batch never fails half-way for want of it.
BEGIN IMMEDIATE;

-- commit --
COMMIT;

-- rollback --
ROLLBACK;

-- insert_accepted --
-- One acceptance; `Statements.rows` repeats the VALUES group. A row that came in before (a spill
-- file read twice) changes nothing.
INSERT INTO accepted (id, at, dialect, asked_model, key_id, stream, instance, op)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO NOTHING;

-- insert_plain --
-- One plain record (see `rows.py`); `seq` and the columns of `rows.PLAIN_COLUMNS`, in their order.
INSERT INTO records (
    seq, id, at, dialect, asked_model, outcome, status, stream, key_id, model, upstream, route,
    policy, decision, input, cache_read, cache_write_5m, output, thinking, thinking_known, tier,
    cost_usd, cost_pico_usd, price_version, first_byte_ms, first_token_ms, last_ms, emulated
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO NOTHING;

-- insert_full --
-- Any other record; `seq` and the columns of `rows.RECORD_COLUMNS`, in their order.
INSERT INTO records (
    seq, id, at, dialect, asked_model, outcome, status, stream, key_id, model, upstream, route,
    policy, decision, losses, input, input_audio, cache_read, cache_read_audio, cache_write_5m,
    cache_write_1h, tool_input, output, output_audio, output_image, thinking, thinking_known,
    estimated, tier, server_calls, region, cost_usd, cost_pico_usd, price_version, error_kind,
    error_message, queue_ms, first_byte_ms, first_token_ms, last_ms, emulated, op, reuse_5m,
    reuse_1h, prefix
)
VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
)
ON CONFLICT (id) DO NOTHING;

-- newest --
-- The newest rows of the journal and of the records.
SELECT
    (SELECT coalesce(max(seq), 0) FROM accepted),
    (SELECT coalesce(max(seq), 0) FROM records);

-- enter_instance --
-- A process has opened the file.
INSERT INTO instances (id, pid, started, boot, pid_space, opened, seen, settled)
VALUES (?, ?, ?, ?, ?, ?, ?, ?);

-- beat --
-- A sign of life, and how far the journal is settled.
UPDATE instances SET seen = ?, settled = ? WHERE id = ?;

-- open_instances --
-- Processes that have not said goodbye.
SELECT id, pid, started, boot, pid_space, seen FROM instances WHERE closed IS NULL;

-- settle --
-- Each acceptance of one instance that has no record gets one that says so: the process ended
-- before it could. Status 0: nobody knows what the client saw.
INSERT INTO records (
    id, at, dialect, asked_model, outcome, status, stream, key_id, route, error_message, emulated,
    input_audio, cache_read_audio, cache_write_1h, tool_input, output_audio, output_image,
    estimated, op
)
SELECT
    a.id, a.at, a.dialect, a.asked_model, 'unknown', 0, a.stream, a.key_id, '',
    'the gateway process ended before this request did', 0,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, a.op
FROM accepted AS a
WHERE
    a.instance = :instance
    AND a.seq > (SELECT i.settled FROM instances AS i WHERE i.id = :instance)
    AND NOT EXISTS (SELECT 1 FROM records AS r WHERE r.id = a.id)
ORDER BY a.seq
ON CONFLICT (id) DO NOTHING;

-- leave_instance --
-- The instance is over and settled.
UPDATE instances SET closed = ?, seen = ? WHERE id = ?;

-- usage --
-- Sums by any of the dimensions: a dimension that is not asked for is NULL in every row, so that
-- it does not part the groups. An error is every outcome but an answer and a client that left.
-- Unpriced: the vendor told usage, and no price was known for it. A file or a batch is of no model
-- and stands by its kind: `(files)`.
SELECT
    CASE WHEN :by_model THEN coalesce(
        model, CASE WHEN asked_model = '' AND op <> 'generate' THEN '(' || op || ')' END, asked_model
    ) END AS model,
    CASE WHEN :by_day THEN date(at, 'unixepoch') END AS day,
    CASE WHEN :by_route THEN route END AS route,
    CASE WHEN :by_outcome THEN outcome END AS outcome,
    CASE WHEN :by_policy THEN coalesce(policy, '') END AS policy,
    CASE WHEN :by_upstream THEN coalesce(upstream, '') END AS upstream,
    CASE WHEN :by_key THEN coalesce(key_id, '') END AS key,
    CASE WHEN :by_op THEN op END AS op,
    count(*) AS requests,
    sum(outcome NOT IN ('ok', 'client_gone')) AS errors,
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

-- traffic --
-- What a replay of the ledger needs: answers with usage, by day, route, model that answered and size
-- of the prompt, with their tokens by kind. `size` is the lower edge of the prompt's size class: the
-- edges include those at which vendors change their prices (over 100,000, 128,000, 200,000 tokens),
-- and lie close around them, since another tokenizer counts otherwise; the low ones are what vendors
-- ask for at least before they cache. `reuse_size` is such a class of `reuse_1h`, -1 where that is not
-- known. `comparable`: priced, and without fees of server tools.
SELECT
    date(at, 'unixepoch') AS day,
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
    CASE
        WHEN reuse_1h IS NULL THEN -1
        WHEN reuse_1h > 4095 THEN 4095 WHEN reuse_1h > 2047 THEN 2047
        WHEN reuse_1h > 1023 THEN 1023
        ELSE 0
    END AS reuse_size,
    cost_pico_usd IS NOT NULL AND server_calls IS NULL AS comparable,
    thinking_known,
    emulated,
    cost_pico_usd IS NOT NULL AS priced,
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

-- daily_cost --
-- Dollars (1e-12) of each UTC day that has any.
SELECT date(at, 'unixepoch') AS day, sum(cost_pico_usd) AS cost_pico_usd
FROM records
WHERE at >= :since AND at < :until AND cost_pico_usd IS NOT NULL AND (:emulated OR NOT emulated)
GROUP BY 1
ORDER BY 1;

-- show_record --
-- One request's record.
SELECT
    id, at, dialect, asked_model, outcome, status, stream, key_id, model, upstream, route, policy,
    decision, losses, input, input_audio, cache_read, cache_read_audio, cache_write_5m,
    cache_write_1h, tool_input, output, output_audio, output_image, thinking, thinking_known,
    estimated, tier, server_calls, region, cost_usd, cost_pico_usd, price_version, error_kind,
    error_message, queue_ms, first_byte_ms, first_token_ms, last_ms, emulated, op, reuse_5m,
    reuse_1h, prefix
FROM records
WHERE id = ?;

-- show_accepted --
-- One request that has no record yet.
SELECT id, at, dialect, asked_model, key_id, stream, op FROM accepted WHERE id = ?;

-- tail --
-- The newest records, newest first.
SELECT
    id, at, dialect, asked_model, outcome, status, stream, key_id, model, upstream, route, policy,
    decision, losses, input, input_audio, cache_read, cache_read_audio, cache_write_5m,
    cache_write_1h, tool_input, output, output_audio, output_image, thinking, thinking_known,
    estimated, tier, server_calls, region, cost_usd, cost_pico_usd, price_version, error_kind,
    error_message, queue_ms, first_byte_ms, first_token_ms, last_ms, emulated, op, reuse_5m,
    reuse_1h, prefix
FROM records
ORDER BY seq DESC
LIMIT ?;

-- answers_extent --
-- How many rows of records lie in a time, at most `:most`, and the first and last row's numbers.
SELECT count(*), min(seq), max(seq)
FROM (SELECT seq FROM records WHERE at >= :since AND at < :until LIMIT :most);

-- answers_ends --
-- The numbers of the first and of the last row of a time.
SELECT
    (SELECT seq FROM records WHERE at >= :since AND at < :until ORDER BY at LIMIT 1),
    (SELECT seq FROM records WHERE at >= :since AND at < :until ORDER BY at DESC LIMIT 1);

-- answers_in_time --
-- Answers with usage one by one, for a replay that has to know each; oldest first.
SELECT
    seq, at, route, coalesce(model, asked_model), key_id,
    cost_pico_usd IS NOT NULL AND server_calls IS NULL, thinking_known, emulated,
    CASE WHEN :decisions AND coalesce(policy, 'named') <> 'named' THEN decision END,
    asked_model, coalesce(cost_pico_usd, 0),
    input, input_audio, cache_read, cache_read_audio, cache_write_5m, cache_write_1h, tool_input,
    output, output_audio, output_image, thinking, reuse_1h, prefix
FROM records
WHERE at >= :since AND at < :until AND op = 'generate' AND input IS NOT NULL
ORDER BY at, seq;

-- answers_in_row --
-- The same by the rows' numbers, from `:first` to `:last`.
SELECT
    seq, at, route, coalesce(model, asked_model), key_id,
    cost_pico_usd IS NOT NULL AND server_calls IS NULL, thinking_known, emulated,
    CASE WHEN :decisions AND coalesce(policy, 'named') <> 'named' THEN decision END,
    asked_model, coalesce(cost_pico_usd, 0),
    input, input_audio, cache_read, cache_read_audio, cache_write_5m, cache_write_1h, tool_input,
    output, output_audio, output_image, thinking, reuse_1h, prefix
FROM records
WHERE seq BETWEEN :first AND :last AND at >= :since AND at < :until
    AND op = 'generate' AND input IS NOT NULL
ORDER BY at, seq;
