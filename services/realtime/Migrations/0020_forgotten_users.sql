-- Who has been deleted, so that a late event does not bring the name back; kept for as long as any may come.
CREATE TABLE realtime.forgotten_users (
    user_id uuid PRIMARY KEY,
    forgotten_at timestamptz NOT NULL
);
CREATE INDEX forgotten_users_by_age ON realtime.forgotten_users (forgotten_at);
ALTER TABLE realtime.forgotten_users ENABLE ROW LEVEL SECURITY;
CREATE POLICY platform ON realtime.forgotten_users TO {{prefix}}lms_realtime_platform USING (true) WITH CHECK (true);
