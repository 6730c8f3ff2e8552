-- What the dashboard shows: projections of what the devices and alerts services tell.
CREATE TABLE realtime.devices (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    version bigint NOT NULL,
    name text NOT NULL,
    device_type text NOT NULL,
    status text NOT NULL,
    last_seen timestamptz,
    -- When the status was told: it changes without a new version of the device.
    status_at timestamptz NOT NULL,
    is_deleted boolean NOT NULL DEFAULT false
);
CREATE INDEX devices_by_name ON realtime.devices (organization_id, name, id) WHERE NOT is_deleted;

CREATE TABLE realtime.alerts (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    version bigint NOT NULL,
    device_id uuid,
    severity text NOT NULL,
    status text NOT NULL,
    message text NOT NULL,
    triggered_at timestamptz NOT NULL
);
CREATE INDEX open_alerts ON realtime.alerts (organization_id, triggered_at DESC, id)
    WHERE status IN ('active', 'acknowledged');
CREATE INDEX alerts_by_age ON realtime.alerts (triggered_at);

-- What happened lately, as told by events; the id is the event's.
CREATE TABLE realtime.activity (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    type text NOT NULL,
    device_id uuid,
    -- The device's name at that time, where the event has it.
    device_name text,
    detail text NOT NULL,
    happened_at timestamptz NOT NULL
);
CREATE INDEX activity_by_time ON realtime.activity (organization_id, happened_at DESC, id DESC);
CREATE INDEX activity_by_age ON realtime.activity (happened_at);

ALTER TABLE realtime.devices ENABLE ROW LEVEL SECURITY;
ALTER TABLE realtime.alerts ENABLE ROW LEVEL SECURITY;
ALTER TABLE realtime.activity ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON realtime.devices
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON realtime.alerts
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON realtime.activity
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON realtime.devices TO {{prefix}}lms_realtime_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON realtime.alerts TO {{prefix}}lms_realtime_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON realtime.activity TO {{prefix}}lms_realtime_platform USING (true) WITH CHECK (true);
