-- What is measured: one series per device and sensor, and the facts about devices that ingest needs.
CREATE TABLE readings.series (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id uuid NOT NULL,
    device_id uuid NOT NULL,
    sensor_type text NOT NULL,
    unit text NOT NULL,
    -- 0 number, 1 boolean, 2 text
    kind smallint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (device_id, sensor_type)
);
CREATE INDEX series_by_organization ON readings.series (organization_id, device_id, sensor_type);

-- A batch lives here from its commit until it has been published; what a crash leaves is published by the relay.
CREATE SEQUENCE readings.batch_ids INCREMENT BY 1000;
CREATE TABLE readings.batches (
    id bigint PRIMARY KEY,
    row_count integer NOT NULL,
    min_time timestamptz NOT NULL,
    max_time timestamptz NOT NULL,
    committed_at timestamptz NOT NULL DEFAULT now()
);

-- Projections of what the devices service tells.
CREATE TABLE readings.devices (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    version bigint NOT NULL,
    is_deleted boolean NOT NULL DEFAULT false
);
CREATE INDEX devices_by_organization ON readings.devices (organization_id, id);

CREATE TABLE readings.keys (
    key_hash bytea PRIMARY KEY,
    organization_id uuid NOT NULL,
    device_id uuid NOT NULL,
    expires_at timestamptz,
    is_revoked boolean NOT NULL DEFAULT false
);
CREATE INDEX keys_by_device ON readings.keys (device_id);

ALTER TABLE readings.series ENABLE ROW LEVEL SECURITY;
ALTER TABLE readings.devices ENABLE ROW LEVEL SECURITY;
ALTER TABLE readings.keys ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON readings.series
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON readings.devices
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON readings.keys
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON readings.series TO {{prefix}}lms_readings_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON readings.devices TO {{prefix}}lms_readings_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON readings.keys TO {{prefix}}lms_readings_platform USING (true) WITH CHECK (true);
