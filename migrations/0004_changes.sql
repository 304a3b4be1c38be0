-- The journal, version 4: what a person told of lots, so that the last of it can be taken back.

-- A row a lot, in the order in which they were told. What was told before this version is in `positions` alone.
CREATE TABLE portfolio_changes (
    id INTEGER PRIMARY KEY,
    told INTEGER NOT NULL,   -- the same for all lots of one import
    told_at TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('added', 'closed')),
    position INTEGER NOT NULL REFERENCES positions ON DELETE CASCADE,
    -- Of a part that was closed: the lot that it was split off from, and its units before that.
    part_of INTEGER REFERENCES positions ON DELETE CASCADE,
    units_before REAL CHECK (units_before > 0),
    CHECK ((part_of IS NULL) = (units_before IS NULL))
) STRICT;
