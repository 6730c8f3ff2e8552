-- Somebody who wants the account deleted has a week to think about it; then it ends, and a minute later it is gone.
ALTER TABLE auth.users ADD COLUMN deletes_at timestamptz, ADD COLUMN ended_at timestamptz;
CREATE INDEX users_by_end ON auth.users (deletes_at) WHERE deletes_at IS NOT NULL;
