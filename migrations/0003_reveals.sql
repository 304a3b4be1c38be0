-- The journal, version 3: holdouts that were looked at.

-- A holdout says something only until it is known; each look is one row, and none is ever dropped.
CREATE TABLE holdout_reveals (
    id INTEGER PRIMARY KEY,
    revealed_at TEXT NOT NULL,
    from_session TEXT NOT NULL, -- the sessions that were shown
    to_session TEXT NOT NULL,
    asset_classes TEXT NOT NULL, -- JSON: an array of words
    scripts_hash TEXT NOT NULL,
    constants TEXT NOT NULL,     -- JSON: those that were set, by name
    trials INTEGER NOT NULL CHECK (trials > 0)
) STRICT;
