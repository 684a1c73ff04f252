-- All SQL of the ledger. A statement begins with `-- name --`, then comments say what it is for.
-- `statements.py` loads them; nothing else in the room holds SQL.

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

-- migration_5_sums --
-- The records in sums by hour and by day, so that reading long times does not read each record.
-- `sum_groups`: what parts the sums of one hour; every dimension of `usage`, and what a replay of the
-- traffic needs beside. `sums`: of step 3600 by hour, of step 86400 by UTC day, counted in steps since
-- 1970 (-1: before). `summed.upto`: each record up to this row of `records` is in the sums, none after
-- it; whoever reads takes those after it from `records`. So a file that was written by an older
-- Fairlead, also beside a newer one, is read right at once, and summed bit by bit.
--
-- `record_parts` is a record as the sums see it, `sum_parts` a sum in the same columns. `size` is the
-- lower edge of the prompt's size class: each prompt has more tokens than this. The edges include those
-- at which vendors change their prices (over 100,000, 128,000, 200,000 tokens), and lie close around
-- them, since another tokenizer counts otherwise; the low ones are what vendors ask for at least before
-- they cache. `reuse_size` is such a class of `reuse_1h`, -1 where that is not known. `told`: the vendor
-- told usage. `comparable`: priced, and without fees of server tools. A file or a batch is of no model
-- and stands by its kind: `(files)`. `tally.py` does the same to what has just been written.
CREATE TABLE sum_groups (
    id INTEGER PRIMARY KEY,
    model TEXT NOT NULL,
    route TEXT NOT NULL,
    outcome TEXT NOT NULL,
    policy TEXT NOT NULL,
    upstream TEXT NOT NULL,
    key_id TEXT NOT NULL,
    op TEXT NOT NULL,
    size INTEGER NOT NULL,
    reuse_size INTEGER NOT NULL,
    told INTEGER NOT NULL,
    priced INTEGER NOT NULL,
    comparable INTEGER NOT NULL,
    thinking_known INTEGER NOT NULL,
    emulated INTEGER NOT NULL,
    UNIQUE (
        model, route, outcome, policy, upstream, key_id, op, size, reuse_size, told, priced,
        comparable, thinking_known, emulated
    )
);
CREATE TABLE sums (
    step INTEGER NOT NULL,
    number INTEGER NOT NULL,
    group_id INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    cost_pico_usd INTEGER NOT NULL,
    input INTEGER NOT NULL,
    input_audio INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_read_audio INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    tool_input INTEGER NOT NULL,
    output INTEGER NOT NULL,
    output_audio INTEGER NOT NULL,
    output_image INTEGER NOT NULL,
    thinking INTEGER NOT NULL,
    reuse_5m INTEGER NOT NULL,
    reuse_1h INTEGER NOT NULL,
    PRIMARY KEY (step, number, group_id)
) WITHOUT ROWID;
CREATE TABLE summed (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    upto INTEGER NOT NULL
);
INSERT INTO summed (one, upto) VALUES (1, 0);
CREATE VIEW record_parts AS SELECT
    seq,
    at,
    CASE WHEN at < 0 THEN -1 ELSE CAST(at AS INTEGER) / 86400 END AS day,
    coalesce(
        model, CASE WHEN asked_model = '' AND op <> 'generate' THEN '(' || op || ')' END, asked_model
    ) AS model,
    route,
    outcome,
    coalesce(policy, '') AS policy,
    coalesce(upstream, '') AS upstream,
    coalesce(key_id, '') AS key_id,
    op,
    CASE
        WHEN input IS NULL THEN 0 WHEN prompt <= 1023 THEN 0
        WHEN prompt <= 2047 THEN 1023 WHEN prompt <= 4095 THEN 2047
        WHEN prompt <= 50000 THEN 4095 WHEN prompt <= 70000 THEN 50000
        WHEN prompt <= 80000 THEN 70000 WHEN prompt <= 90000 THEN 80000
        WHEN prompt <= 95000 THEN 90000 WHEN prompt <= 100000 THEN 95000
        WHEN prompt <= 110000 THEN 100000 WHEN prompt <= 120000 THEN 110000
        WHEN prompt <= 128000 THEN 120000 WHEN prompt <= 140000 THEN 128000
        WHEN prompt <= 160000 THEN 140000 WHEN prompt <= 180000 THEN 160000
        WHEN prompt <= 190000 THEN 180000 WHEN prompt <= 200000 THEN 190000
        WHEN prompt <= 220000 THEN 200000 WHEN prompt <= 240000 THEN 220000
        WHEN prompt <= 256000 THEN 240000 WHEN prompt <= 272000 THEN 256000
        WHEN prompt <= 300000 THEN 272000 WHEN prompt <= 400000 THEN 300000
        ELSE 400000
    END AS size,
    CASE
        WHEN reuse_1h IS NULL THEN -1 WHEN reuse_1h <= 1023 THEN 0
        WHEN reuse_1h <= 2047 THEN 1023 WHEN reuse_1h <= 4095 THEN 2047
        ELSE 4095
    END AS reuse_size,
    input IS NOT NULL AS told,
    cost_pico_usd IS NOT NULL AS priced,
    cost_pico_usd IS NOT NULL AND server_calls IS NULL AS comparable,
    coalesce(thinking_known, 0) AS thinking_known,
    emulated,
    1 AS requests,
    coalesce(estimated, 0) AS estimated,
    coalesce(cost_pico_usd, 0) AS cost_pico_usd,
    coalesce(input, 0) AS input,
    coalesce(input_audio, 0) AS input_audio,
    coalesce(cache_read, 0) AS cache_read,
    coalesce(cache_read_audio, 0) AS cache_read_audio,
    coalesce(cache_write_5m, 0) AS cache_write_5m,
    coalesce(cache_write_1h, 0) AS cache_write_1h,
    coalesce(tool_input, 0) AS tool_input,
    coalesce(output, 0) AS output,
    coalesce(output_audio, 0) AS output_audio,
    coalesce(output_image, 0) AS output_image,
    coalesce(thinking, 0) AS thinking,
    coalesce(reuse_5m, 0) AS reuse_5m,
    coalesce(reuse_1h, 0) AS reuse_1h
FROM (
    SELECT
        *,
        input + input_audio + cache_read + cache_read_audio + cache_write_5m + cache_write_1h
        + tool_input AS prompt
    FROM records
);
CREATE VIEW sum_parts AS SELECT
    step,
    number,
    CASE WHEN number < 0 THEN -1 ELSE number / (86400 / step) END AS day,
    model, route, outcome, policy, upstream, key_id, op, size, reuse_size, told, priced,
    comparable, thinking_known, emulated,
    requests, estimated, cost_pico_usd, input, input_audio, cache_read, cache_read_audio,
    cache_write_5m, cache_write_1h, tool_input, output, output_audio, output_image, thinking,
    reuse_5m, reuse_1h
FROM sums CROSS JOIN sum_groups ON sum_groups.id = sums.group_id;
CREATE TRIGGER sum_groups_keep_update BEFORE UPDATE ON sum_groups
BEGIN SELECT RAISE(ABORT, 'sum_groups is append-only'); END;
CREATE TRIGGER sum_groups_keep_delete BEFORE DELETE ON sum_groups
BEGIN SELECT RAISE(ABORT, 'sum_groups is append-only'); END;
CREATE TRIGGER sums_keep_delete BEFORE DELETE ON sums
BEGIN SELECT RAISE(ABORT, 'sums are never taken back'); END;

-- migration_6_verdicts --
-- What was said of answers: ratings, graders' verdicts, signals; append-only. `id` is a request's,
-- `source` who says it (`user`, `grader:NAME`, `signal:NAME`), `score` 0 to 1 (NULL: only the task
-- is corrected). The last row of a source on a request counts.
CREATE TABLE verdicts (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    at REAL NOT NULL,
    source TEXT NOT NULL,
    score REAL,
    task TEXT,
    comment TEXT
);
CREATE INDEX verdicts_by_request ON verdicts (id);
CREATE INDEX verdicts_by_time ON verdicts (at);
CREATE TRIGGER verdicts_keep_update BEFORE UPDATE ON verdicts
BEGIN SELECT RAISE(ABORT, 'verdicts is append-only'); END;
CREATE TRIGGER verdicts_keep_delete BEFORE DELETE ON verdicts
BEGIN SELECT RAISE(ABORT, 'verdicts is append-only'); END;

-- migration_7_what_vendors_state --
-- `stated_usd`: what the vendor itself said that the answer cost, as it said it (NULL: nothing). Where
-- no price was known it is the cost, and `price_version` is 'stated'.
ALTER TABLE records ADD COLUMN stated_usd TEXT;
CREATE INDEX records_stated ON records (at) WHERE stated_usd IS NOT NULL;

-- record_columns --
-- Of a record, all that `rows.RECORD_COLUMNS` names, in its order.
id, at, dialect, asked_model, outcome, status, stream, key_id, model, upstream, route, policy,
decision, losses, input, input_audio, cache_read, cache_read_audio, cache_write_5m,
cache_write_1h, tool_input, output, output_audio, output_image, thinking, thinking_known,
estimated, tier, server_calls, region, stated_usd, cost_usd, cost_pico_usd, price_version,
error_kind,
error_message, queue_ms, first_byte_ms, first_token_ms, last_ms, emulated, op, reuse_5m,
reuse_1h, prefix

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
    seq, {record_columns}
)
VALUES (
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
    ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
)
ON CONFLICT (id) DO NOTHING;

-- insert_verdict --
-- One word on an answer, unless it is what the same source said last: id, at, source, score, task,
-- comment.
INSERT INTO verdicts (id, at, source, score, task, comment)
SELECT ?1, ?2, ?3, ?4, ?5, ?6
WHERE NOT EXISTS (
    SELECT 1 FROM verdicts AS said
    WHERE
        said.seq = (SELECT max(seq) FROM verdicts WHERE id = ?1 AND source = ?3)
        AND said.score IS ?4 AND said.task IS ?5 AND said.comment IS ?6
);

-- newest --
-- The newest rows of the journal and of the records, and up to which of the latter the sums reach.
SELECT
    (SELECT coalesce(max(seq), 0) FROM accepted),
    (SELECT coalesce(max(seq), 0) FROM records),
    (SELECT upto FROM summed);

-- add_sum_group --
-- A group that may be new; the columns of `tally.KEYS`, in their order.
INSERT INTO sum_groups (
    model, route, outcome, policy, upstream, key_id, op, size, reuse_size, told, priced,
    comparable, thinking_known, emulated
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING;

-- sum_group --
-- The number of a group.
SELECT id FROM sum_groups
WHERE
    model = ?
    AND route = ?
    AND outcome = ?
    AND policy = ?
    AND upstream = ?
    AND key_id = ?
    AND op = ?
    AND size = ?
    AND reuse_size = ?
    AND told = ?
    AND priced = ?
    AND comparable = ?
    AND thinking_known = ?
    AND emulated = ?;

-- add_sums --
-- Add to the sums of one step and group: step, number, group, and the columns of `tally.COUNTS`.
INSERT INTO sums (
    step, number, group_id, requests, estimated, cost_pico_usd, input, input_audio, cache_read,
    cache_read_audio, cache_write_5m, cache_write_1h, tool_input, output, output_audio,
    output_image, thinking, reuse_5m, reuse_1h
)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    requests = requests + excluded.requests,
    estimated = estimated + excluded.estimated,
    cost_pico_usd = cost_pico_usd + excluded.cost_pico_usd,
    input = input + excluded.input,
    input_audio = input_audio + excluded.input_audio,
    cache_read = cache_read + excluded.cache_read,
    cache_read_audio = cache_read_audio + excluded.cache_read_audio,
    cache_write_5m = cache_write_5m + excluded.cache_write_5m,
    cache_write_1h = cache_write_1h + excluded.cache_write_1h,
    tool_input = tool_input + excluded.tool_input,
    output = output + excluded.output,
    output_audio = output_audio + excluded.output_audio,
    output_image = output_image + excluded.output_image,
    thinking = thinking + excluded.thinking,
    reuse_5m = reuse_5m + excluded.reuse_5m,
    reuse_1h = reuse_1h + excluded.reuse_1h;

-- note_summed --
-- Up to which row of the records the sums reach, in the same transaction as they.
UPDATE summed SET upto = ?;

-- unsummed --
-- The oldest records that are not in the sums yet.
SELECT * FROM record_parts WHERE seq > ? ORDER BY seq LIMIT ?;

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

-- classes_table --
-- The groups of sums that a question does not tell apart: the reader's own, gone with its connection.
CREATE TEMP TABLE classes (id INTEGER PRIMARY KEY, class INTEGER NOT NULL);

-- parts --
-- What lies between two points in time, in the columns of `record_parts` (the first two are of no
-- meaning here). It stands before each of the statements that follow (`parts.py`), once their `classes`
-- are there: groups of one class are added up before anything else, since most of the time goes into
-- sorting what is left; a column in which they differ holds the value of any of them. Whole days and
-- hours (`span.py` says which) come from the sums; what lies at the edges, and what is in no sum yet,
-- from the records. The plus signs keep SQLite from taking the index of the wrong column.
WITH whole (step, first, last) AS (
    VALUES
    (86400, :first_day, :last_day), (3600, :first_hour, :first_end), (3600, :last_start, :last_hour)
),
edges (first, last) AS (VALUES (:since, :since_end), (:until_start, :until)),
classed AS (
    SELECT
        s.number / (86400 / s.step) AS day,
        c.class AS class,
        min(s.group_id) AS group_id,
        sum(s.requests) AS requests,
        sum(s.estimated) AS estimated,
        sum(s.cost_pico_usd) AS cost_pico_usd,
        sum(s.input) AS input,
        sum(s.input_audio) AS input_audio,
        sum(s.cache_read) AS cache_read,
        sum(s.cache_read_audio) AS cache_read_audio,
        sum(s.cache_write_5m) AS cache_write_5m,
        sum(s.cache_write_1h) AS cache_write_1h,
        sum(s.tool_input) AS tool_input,
        sum(s.output) AS output,
        sum(s.output_audio) AS output_audio,
        sum(s.output_image) AS output_image,
        sum(s.thinking) AS thinking,
        sum(s.reuse_5m) AS reuse_5m,
        sum(s.reuse_1h) AS reuse_1h
    FROM whole CROSS JOIN sums AS s CROSS JOIN classes AS c ON c.id = s.group_id
    WHERE s.step = whole.step AND s.number >= whole.first AND s.number < whole.last
    GROUP BY 1, 2
),
parts AS (
    SELECT
        NULL AS seq,
        NULL AS at,
        c.day AS day,
        g.model AS model,
        g.route AS route,
        g.outcome AS outcome,
        g.policy AS policy,
        g.upstream AS upstream,
        g.key_id AS key_id,
        g.op AS op,
        g.size AS size,
        g.reuse_size AS reuse_size,
        g.told AS told,
        g.priced AS priced,
        g.comparable AS comparable,
        g.thinking_known AS thinking_known,
        g.emulated AS emulated,
        c.requests AS requests,
        c.estimated AS estimated,
        c.cost_pico_usd AS cost_pico_usd,
        c.input AS input,
        c.input_audio AS input_audio,
        c.cache_read AS cache_read,
        c.cache_read_audio AS cache_read_audio,
        c.cache_write_5m AS cache_write_5m,
        c.cache_write_1h AS cache_write_1h,
        c.tool_input AS tool_input,
        c.output AS output,
        c.output_audio AS output_audio,
        c.output_image AS output_image,
        c.thinking AS thinking,
        c.reuse_5m AS reuse_5m,
        c.reuse_1h AS reuse_1h
    FROM classed AS c CROSS JOIN sum_groups AS g ON g.id = c.group_id
    UNION ALL
    SELECT r.*
    FROM edges CROSS JOIN record_parts AS r
    WHERE r.at >= edges.first AND r.at < edges.last AND +r.seq <= (SELECT upto FROM summed)
    UNION ALL
    SELECT r.*
    FROM record_parts AS r
    WHERE r.seq > (SELECT upto FROM summed) AND +r.at >= :since AND +r.at < :until
)

-- usage_classes --
-- Groups that `usage` does not tell apart.
INSERT INTO classes (id, class)
SELECT
    id,
    dense_rank() OVER (
        ORDER BY
            CASE WHEN :by_model THEN model END,
            CASE WHEN :by_route THEN route END,
            CASE WHEN :by_outcome THEN outcome END,
            CASE WHEN :by_policy THEN policy END,
            CASE WHEN :by_upstream THEN upstream END,
            CASE WHEN :by_key THEN key_id END,
            CASE WHEN :by_op THEN op END,
            outcome NOT IN ('ok', 'client_gone'), outcome = 'unknown', told, priced, emulated,
            op = 'attempt'
    )
FROM sum_groups;

-- token_sums --
-- Tokens of several parts by kind, as in `canon.Usage`.
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
sum(thinking) AS thinking

-- usage --
-- Sums by any of the dimensions: a dimension that is not asked for is NULL in every row, so that
-- it does not part the groups. An error is every outcome but an answer and a client that left.
-- Unpriced: the vendor told usage, and no price was known for it. An attempt beside a request's answer
-- costs what it costs, and is no request.
SELECT
    CASE WHEN :by_model THEN model END AS model,
    CASE WHEN :by_day THEN date(day * 86400, 'unixepoch') END AS day,
    CASE WHEN :by_route THEN route END AS route,
    CASE WHEN :by_outcome THEN outcome END AS outcome,
    CASE WHEN :by_policy THEN policy END AS policy,
    CASE WHEN :by_upstream THEN upstream END AS upstream,
    CASE WHEN :by_key THEN key_id END AS key,
    CASE WHEN :by_op THEN op END AS op,
    sum(requests * (op <> 'attempt')) AS requests,
    sum(requests * (op <> 'attempt' AND outcome NOT IN ('ok', 'client_gone'))) AS errors,
    sum(requests * (outcome = 'unknown')) AS unknown,
    sum(requests * (told AND NOT priced)) AS unpriced,
    sum(requests * emulated) AS emulated,
    sum(estimated) AS estimated,
    sum(cost_pico_usd) AS cost_pico_usd,
    {token_sums}
FROM parts
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
ORDER BY 2, 1, 3, 4, 5, 6, 7, 8;

-- traffic_classes --
-- Groups that `traffic` does not tell apart.
INSERT INTO classes (id, class)
SELECT
    id,
    dense_rank() OVER (
        ORDER BY
            route, model, size, comparable, thinking_known, emulated, priced, reuse_size,
            upstream IN (SELECT value FROM json_each(:elsewhere))
    )
FROM sum_groups
WHERE (op = 'generate' OR (:batches AND op IN ('files', 'batches', 'caches'))) AND told;

-- traffic --
-- What a replay of the ledger needs: answers with usage, by day, route, model that answered, size of
-- the prompt and of what was used again of it, with their tokens by kind.
SELECT
    date(day * 86400, 'unixepoch') AS day,
    route,
    model,
    size,
    comparable,
    thinking_known,
    emulated,
    priced,
    reuse_size,
    upstream IN (SELECT value FROM json_each(:elsewhere)) AS elsewhere,
    sum(requests) AS requests,
    sum(cost_pico_usd) AS cost_pico_usd,
    {token_sums},
    sum(requests * (reuse_size >= 0)) AS reuse_known,
    sum(
        (reuse_size >= 0) * (
            input + input_audio + cache_read + cache_read_audio + cache_write_5m + cache_write_1h
            + tool_input
        )
    ) AS reuse_known_prompt,
    sum(reuse_5m) AS reuse_5m,
    sum(reuse_1h) AS reuse_1h
FROM parts
WHERE (op = 'generate' OR (:batches AND op IN ('files', 'batches', 'caches'))) AND told
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;

-- daily_cost_classes --
-- Groups that `daily_cost` does not tell apart.
INSERT INTO classes (id, class)
SELECT id, emulated FROM sum_groups WHERE priced;

-- daily_cost --
-- Dollars (1e-12) of each UTC day that has any.
SELECT date(day * 86400, 'unixepoch') AS day, sum(cost_pico_usd) AS cost_pico_usd
FROM parts
WHERE priced AND (:emulated OR NOT emulated)
GROUP BY 1
ORDER BY 1;

-- show_record --
-- One request's record.
SELECT {record_columns} FROM records
WHERE id = ?;

-- attempts_of --
-- What was billed for a request beside its answer: records under its id, a dot and a number.
SELECT {record_columns} FROM records
WHERE id > :request || '.' AND id < :request || '/' AND op = 'attempt'
ORDER BY seq;

-- stated_costs --
-- Answers whose vendors said what they cost, in a time: when, where, what it was by the prices here
-- (NULL: unknown), by the vendor. The emulator's are no vendor's.
SELECT at, upstream, model, CASE WHEN price_version <> 'stated' THEN cost_usd END, stated_usd
FROM records
WHERE stated_usd IS NOT NULL AND at >= :since AND at < :until AND NOT emulated
ORDER BY at;

-- routed --
-- Answers that a policy sent to their models, one by one, with the decision; the newest first.
SELECT
    id, at, model, decision, input, input_audio, cache_read, cache_read_audio, cache_write_5m,
    cache_write_1h, tool_input, output, output_audio, output_image, thinking, cost_pico_usd,
    first_token_ms, last_ms
FROM records
WHERE
    at >= :since AND at < :until AND op = 'generate' AND input IS NOT NULL AND model IS NOT NULL
    AND decision IS NOT NULL AND coalesce(policy, 'named') <> 'named'
ORDER BY at DESC, seq DESC
LIMIT :most;

-- show_accepted --
-- One request that has no record yet.
SELECT id, at, dialect, asked_model, key_id, stream, op FROM accepted WHERE id = ?;

-- tail --
-- The newest records, newest first.
SELECT {record_columns} FROM records
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

-- answer_columns --
-- What `answers.Answer` is read from.
seq, at, route, coalesce(model, asked_model), key_id, dialect,
cost_pico_usd IS NOT NULL AND server_calls IS NULL, thinking_known, emulated,
CASE WHEN :decisions AND coalesce(policy, 'named') <> 'named' THEN decision END,
asked_model, coalesce(cost_pico_usd, 0),
input, input_audio, cache_read, cache_read_audio, cache_write_5m, cache_write_1h, tool_input,
output, output_audio, output_image, thinking, reuse_1h, tier, region, prefix

-- answers_in_time --
-- Answers with usage one by one, for a replay that has to know each; oldest first.
SELECT {answer_columns} FROM records
WHERE at >= :since AND at < :until AND op = 'generate' AND input IS NOT NULL
ORDER BY at, seq;

-- answers_in_row --
-- The same by the rows' numbers, from `:first` to `:last`. The plus signs keep SQLite from walking all
-- of the time by its index.
SELECT {answer_columns} FROM records
WHERE seq BETWEEN :first AND :last AND +at >= :since AND +at < :until
    AND op = 'generate' AND input IS NOT NULL
ORDER BY +at, seq;

-- models_of_sums --
-- The models that the ledger has records of, and perhaps some names more.
SELECT model FROM sum_groups
UNION
SELECT model FROM records WHERE seq > (SELECT upto FROM summed) AND model IS NOT NULL;

-- in_order --
-- Priced answers of one upstream and of these models as they were accepted, with what a free quota
-- counts: of all, or of those with fees alone. What they are grouped by is told as `usage` tells it. No
-- quota makes batches or cached contents free.
SELECT
    id, at, model, route, outcome, coalesce(policy, ''), upstream,
    coalesce(key_id, ''), op, cost_pico_usd,
    input + input_audio + cache_read + cache_read_audio + cache_write_5m + cache_write_1h
    + tool_input + output + output_audio + output_image + thinking,
    server_calls
FROM records
WHERE
    at >= :since AND at < :until AND upstream = :upstream AND emulated = :emulated
    AND cost_pico_usd IS NOT NULL AND input IS NOT NULL
    AND model IN (SELECT value FROM json_each(:models))
    AND op NOT IN ('files', 'batches', 'caches')
    AND (server_calls IS NOT NULL OR NOT :fees)
ORDER BY at, seq;

-- judged_request --
-- What has to be known of a request before anybody's word on it is taken, and how many there are.
SELECT
    at, key_id, op, outcome, model,
    (SELECT count(*) FROM verdicts AS v WHERE v.id = records.id)
FROM records
WHERE id = ?;

-- answers_judged --
-- Answers of models that tell of their quality, the newest first: what the policy took the request
-- for, by which policy, whether the client left, and whether the answer was empty (nothing was
-- billed for it). Answers from the emulator say nothing of a model. An attempt counts where something
-- was said of it, as a cascade does of an answer that it does not deliver: its request has the
-- decision. A shadow's copy counts as its request does.
SELECT
    r.id, r.at, r.model, coalesce(r.policy, 'named'),
    json_extract(coalesce(r.decision, p.decision), '$.policy_hash'),
    json_extract(coalesce(r.decision, p.decision), '$.features.task'),
    json_extract(coalesce(r.decision, p.decision), '$.features.prompt_tokens') IS NOT NULL,
    r.outcome = 'client_gone',
    r.outcome = 'ok' AND NOT r.estimated AND r.output + r.output_audio + r.output_image
    + r.thinking = 0,
    r.op = 'shadow'
FROM records AS r
LEFT JOIN records AS p
    ON r.op = 'attempt' AND p.id = substr(r.id, 1, instr(r.id, '.') - 1)
WHERE
    r.at >= :since AND r.at < :until AND r.input IS NOT NULL
    AND (
        r.op IN ('generate', 'shadow')
        OR (r.op = 'attempt' AND EXISTS (SELECT 1 FROM verdicts AS v WHERE v.id = r.id))
    )
    AND r.model IS NOT NULL AND r.outcome IN ('ok', 'client_gone')
    AND (:emulated OR NOT r.emulated)
ORDER BY r.at DESC, r.seq DESC
LIMIT :most;

-- verdicts_since --
-- The last word of each source on each request, of words since a point in time.
SELECT v.id, v.at, v.source, v.score, v.task, NULL
FROM verdicts AS v
WHERE
    v.at >= :since
    AND v.seq = (SELECT max(w.seq) FROM verdicts AS w WHERE w.id = v.id AND w.source = v.source)
ORDER BY v.seq;

-- verdicts_on --
-- All words on one request, the oldest first.
SELECT id, at, source, score, task, comment FROM verdicts WHERE id = ? ORDER BY seq;
