-- The journal, version 5: whom a failed session was told to, so that an alert that nobody got is seen.

-- An alert is no mail of the outbox: it is made anew at the next failure, and never holds a session back.
CREATE TABLE alerts (
    job TEXT NOT NULL,
    session TEXT NOT NULL,
    recipient TEXT NOT NULL,
    -- waiting: nobody was reached, so the session's next failure tries again
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'refused')),
    attempts INTEGER NOT NULL,
    first_attempt TEXT NOT NULL,
    last_attempt TEXT NOT NULL,
    last_error TEXT,
    PRIMARY KEY (job, session, recipient)
) STRICT, WITHOUT ROWID;
