-- Keys that ended early, for as long as another service might still take them for valid. Ids are given out under an
-- advisory lock, so that they become visible in their order and a reader behind an id misses none.
CREATE TABLE devices.revocations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id uuid NOT NULL,
    key_hash bytea NOT NULL CHECK (length(key_hash) = 32),
    revoked_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX revocations_by_end ON devices.revocations (expires_at);
CREATE INDEX revocations_by_organization ON devices.revocations (organization_id);

ALTER TABLE devices.revocations ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON devices.revocations
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON devices.revocations TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
