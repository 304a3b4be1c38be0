-- The journal, version 1.
--
-- Days are ISO 8601 and the exchange's own; instants are RFC 3339 in UTC with nine decimals, so that they sort as
-- text. Fractions are fractions of one. What is not known is NULL.

PRAGMA application_id = 1953720881; -- 'tsj1'

-- Everything large, stored once however often it is named.
CREATE TABLE blobs (
    id INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE CHECK (length(sha256) = 32), -- of the unpacked bytes
    size INTEGER NOT NULL,                                   -- of the unpacked bytes
    packing TEXT NOT NULL CHECK (packing IN ('plain', 'deflate')),
    bytes BLOB NOT NULL
) STRICT;

CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    job TEXT,                  -- NULL: of no job
    session TEXT,              -- NULL: classes with different sessions
    asset_class TEXT NOT NULL, -- as asked: equity, crypto or all
    generated_at TEXT NOT NULL,
    version TEXT NOT NULL,     -- of ts
    demo INTEGER NOT NULL CHECK (demo IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('decided', 'undecided', 'incomplete')),
    settings_hash TEXT NOT NULL,
    positions_hash TEXT NOT NULL,
    duration_ms INTEGER NOT NULL,
    subject TEXT NOT NULL,
    text_blob INTEGER NOT NULL REFERENCES blobs,
    html_blob INTEGER NOT NULL REFERENCES blobs,
    json_blob INTEGER NOT NULL REFERENCES blobs,
    inputs_blob INTEGER NOT NULL REFERENCES blobs
) STRICT;
CREATE INDEX runs_by_time ON runs (generated_at);

CREATE TABLE run_parts (
    run TEXT NOT NULL REFERENCES runs,
    asset_class TEXT NOT NULL,
    session TEXT NOT NULL,
    source TEXT NOT NULL,
    data_hash TEXT NOT NULL,
    no_decision TEXT,          -- why nothing was decided
    PRIMARY KEY (run, asset_class)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_scripts (
    run TEXT NOT NULL REFERENCES runs,
    name TEXT NOT NULL,
    hash TEXT NOT NULL,
    constants TEXT NOT NULL,   -- JSON: name to number, as used
    PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_problems (
    run TEXT NOT NULL REFERENCES runs,
    place INTEGER NOT NULL,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (run, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE recommendations (
    run TEXT NOT NULL REFERENCES runs,
    place INTEGER NOT NULL,    -- BUYs by rank, then SELLs
    id TEXT NOT NULL,          -- the same for the same decision in another run
    symbol TEXT NOT NULL,
    asset_class TEXT NOT NULL,
    direction TEXT NOT NULL CHECK (direction IN ('BUY', 'SELL')),
    conviction TEXT,
    current_price REAL NOT NULL,
    entry_price REAL NOT NULL,
    target_price REAL,
    stop_price REAL NOT NULL,
    position_size_pct REAL NOT NULL,
    risk_pct REAL NOT NULL,
    size_cap TEXT,
    quantity REAL NOT NULL,
    adv20 REAL,
    technical_score REAL,
    news_score REAL,
    sentiment_score REAL,
    combined_score REAL,
    components TEXT NOT NULL,  -- JSON
    signal_type TEXT NOT NULL,
    reasoning TEXT NOT NULL,
    news_headlines TEXT NOT NULL, -- JSON
    generated_at TEXT,
    strategy_name TEXT NOT NULL,
    script_hash TEXT NOT NULL,
    session TEXT NOT NULL,
    PRIMARY KEY (run, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX recommendations_by_id ON recommendations (id);
CREATE INDEX recommendations_by_session ON recommendations (session);

-- What became of a recommendation, as if it had been filled. Prices are as traded at the entry.
CREATE TABLE outcomes (
    recommendation TEXT PRIMARY KEY,
    run TEXT NOT NULL REFERENCES runs,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'open', 'closed', 'not_filled')),
    entry_date TEXT,
    entry_price REAL,
    stop_price REAL NOT NULL,  -- as advanced
    stop_session TEXT NOT NULL,
    exit_date TEXT,
    exit_price REAL,
    exit_reason TEXT,
    r_multiple REAL,
    target_touched TEXT,
    stop_touched TEXT,
    last_session TEXT NOT NULL, -- the newest that was looked at
    last_close REAL
) STRICT, WITHOUT ROWID;

-- Lots that the user holds or held. Prices and quantities are as traded on their own days; `closed_factor` is the
-- units that splits made of each one bought until the lot was closed.
CREATE TABLE positions (
    id INTEGER PRIMARY KEY,
    symbol TEXT NOT NULL,
    asset_class TEXT NOT NULL,
    strategy TEXT NOT NULL,
    entry_date TEXT NOT NULL,
    entry_price REAL NOT NULL CHECK (entry_price > 0),
    quantity REAL NOT NULL CHECK (quantity > 0),
    entry_stop REAL NOT NULL CHECK (entry_stop > 0),
    stop_price REAL NOT NULL CHECK (stop_price > 0), -- as advanced, at the scale of the entry
    stop_session TEXT NOT NULL,
    added_at TEXT NOT NULL,
    closed_date TEXT,
    closed_price REAL CHECK (closed_price > 0),
    closed_factor REAL CHECK (closed_factor > 0),
    closed_reason TEXT,
    closed_at TEXT,
    CHECK ((closed_date IS NULL) = (closed_price IS NULL)),
    CHECK ((closed_date IS NULL) = (closed_factor IS NULL))
) STRICT;
-- A sale names class, symbol and strategy, and could not tell two lots apart.
CREATE UNIQUE INDEX open_lot ON positions (asset_class, symbol, strategy) WHERE closed_date IS NULL;

CREATE TABLE position_stops (
    position INTEGER NOT NULL REFERENCES positions ON DELETE CASCADE,
    session TEXT NOT NULL,
    stop_price REAL NOT NULL,
    run TEXT REFERENCES runs,
    PRIMARY KEY (position, session)
) STRICT, WITHOUT ROWID;

-- How far each session of each job has come.
CREATE TABLE job_sessions (
    job TEXT NOT NULL,
    session TEXT NOT NULL,
    state TEXT NOT NULL
        CHECK (state IN ('begun', 'bars_missing', 'failed', 'undelivered', 'refused', 'done')),
    attempts INTEGER NOT NULL, -- runs, and once it is decided, deliveries
    started_at TEXT NOT NULL,
    last_attempt TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    run TEXT REFERENCES runs,  -- the newest that decided it
    decided_at TEXT,
    mailed_at TEXT,
    alerted_at TEXT,
    PRIMARY KEY (job, session)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
    id INTEGER PRIMARY KEY,
    job TEXT NOT NULL,
    session TEXT NOT NULL,
    correction INTEGER NOT NULL, -- 0: the session's own mail
    recipient TEXT NOT NULL,
    run TEXT REFERENCES runs,
    message_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    text_blob INTEGER NOT NULL REFERENCES blobs,
    html_blob INTEGER NOT NULL REFERENCES blobs,
    message_blob INTEGER NOT NULL REFERENCES blobs,
    late INTEGER NOT NULL CHECK (late IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('pending', 'attempting', 'sent', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt TEXT NOT NULL,
    last_error TEXT,
    queued_at TEXT NOT NULL,
    attempted_at TEXT,
    accepted_at TEXT,
    UNIQUE (job, session, correction, recipient)
) STRICT;
CREATE INDEX outbox_waiting ON outbox (next_attempt) WHERE state IN ('pending', 'attempting');
