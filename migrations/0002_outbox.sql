-- The journal, version 2: a mail is kept once for all its recipients, and knows whom it came from.

-- As it was when the mail was made: settings may have changed since. NULL in mails of version 1.
ALTER TABLE outbox ADD COLUMN from_name TEXT;
ALTER TABLE outbox ADD COLUMN from_address TEXT;
-- The message's lines up to `To:`, the recipient's own. `message_blob` has what follows, the same for all; in mails
-- of version 1 the whole.
ALTER TABLE outbox ADD COLUMN head BLOB NOT NULL DEFAULT x'';
