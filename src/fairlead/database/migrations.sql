-- SQL of the table `migrations`, which says what forms the tables of a file have had.

-- table --
-- Which changes of which room's tables this file has had. Made before anything else.
CREATE TABLE IF NOT EXISTS migrations (
    room TEXT NOT NULL,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    applied_at REAL NOT NULL,
    PRIMARY KEY (room, version)
);

-- version --
-- The newest migration of a room's tables that this file has had; 0 for a fresh file.
SELECT coalesce(max(version), 0) FROM migrations WHERE room = ?;

-- note --
-- Note that a migration was applied, in the same transaction as its statements.
INSERT INTO migrations (room, version, name, applied_at) VALUES (?, ?, ?, ?);
