-- Whom alerts can be assigned to, and the names of who did what: a projection of what the auth service tells of members.
CREATE TABLE alerts.members (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    version bigint NOT NULL,
    name text NOT NULL,
    -- The user's version that the name is of; 0 for the name with which a member was added.
    name_version bigint NOT NULL DEFAULT 0,
    -- A former member stays, so that a late event does not bring anybody back and the history keeps its names.
    removed_at timestamptz,
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX members_by_user ON alerts.members (user_id);

-- Who has been deleted, so that a late event does not bring the name back; kept for as long as any may come.
CREATE TABLE alerts.forgotten_users (
    user_id uuid PRIMARY KEY,
    forgotten_at timestamptz NOT NULL
);
CREATE INDEX forgotten_users_by_age ON alerts.forgotten_users (forgotten_at);

ALTER TABLE alerts.members ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerts.forgotten_users ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alerts.members
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON alerts.members TO {{prefix}}lms_alerts_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON alerts.forgotten_users TO {{prefix}}lms_alerts_platform USING (true) WITH CHECK (true);
