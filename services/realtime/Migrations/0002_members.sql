-- Who did what the activity tells of: a projection of what the auth service tells of members.
CREATE TABLE realtime.members (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    version bigint NOT NULL,
    name text NOT NULL,
    -- The user's version that the name is of; 0 for the name with which a member was added.
    name_version bigint NOT NULL DEFAULT 0,
    -- The name stays until the last of what a former member did has gone from the activity.
    removed_at timestamptz,
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX members_by_user ON realtime.members (user_id);
CREATE INDEX members_by_removal ON realtime.members (removed_at) WHERE removed_at IS NOT NULL;

ALTER TABLE realtime.activity ADD COLUMN user_id uuid;

ALTER TABLE realtime.members ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON realtime.members
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON realtime.members TO {{prefix}}lms_realtime_platform USING (true) WITH CHECK (true);
