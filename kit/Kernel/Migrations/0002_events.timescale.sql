-- The event log: what happened to which entity, by whom. A hypertable, so that old years can be dropped.
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
-- Chunks have the grants of their hypertable and none of its policies. TimescaleDB's own schema, where they would be, is
-- open to everybody and has to be; in one that only the owner may use, nobody reads them around the policies.
CREATE SCHEMA core_chunks AUTHORIZATION {{prefix}}lms_core_owner;
SELECT create_hypertable('core.events', 'timestamp',
    chunk_time_interval => interval '7 days', associated_schema_name => 'core_chunks');
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
