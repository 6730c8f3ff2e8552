-- The event log: what happened to which entity, by whom.
CREATE TABLE core.events (
    id uuid NOT NULL,
    timestamp timestamptz NOT NULL,
    organization_id uuid,
    entity_id uuid NOT NULL,
    event_type text NOT NULL,
    data jsonb NOT NULL DEFAULT '{}',
    actor jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (id, timestamp)
);
CREATE INDEX events_by_entity ON core.events (organization_id, entity_id, timestamp DESC);
CREATE INDEX events_by_type ON core.events (organization_id, event_type, timestamp DESC);

ALTER TABLE core.events ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON core.events
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY auth_users ON core.events TO {{prefix}}lms_auth
    USING (organization_id IS NULL) WITH CHECK (organization_id IS NULL);
CREATE POLICY platform ON core.events TO
    {{prefix}}lms_auth_platform, {{prefix}}lms_devices_platform, {{prefix}}lms_readings_platform,
    {{prefix}}lms_alerts_platform, {{prefix}}lms_billing_platform, {{prefix}}lms_realtime_platform
    USING (true) WITH CHECK (true);

-- The log is immutable: nobody may change or delete a row.
GRANT SELECT, INSERT ON core.events TO
    {{prefix}}lms_auth, {{prefix}}lms_auth_platform, {{prefix}}lms_devices, {{prefix}}lms_devices_platform,
    {{prefix}}lms_readings, {{prefix}}lms_readings_platform, {{prefix}}lms_alerts, {{prefix}}lms_alerts_platform,
    {{prefix}}lms_billing, {{prefix}}lms_billing_platform, {{prefix}}lms_realtime, {{prefix}}lms_realtime_platform;
ALTER TABLE core.events OWNER TO {{prefix}}lms_core_owner;
