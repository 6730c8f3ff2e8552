-- The versions of a configuration, to look back at and to go back to.
CREATE TABLE devices.config_versions (
    device_id uuid NOT NULL,
    version bigint NOT NULL,
    organization_id uuid NOT NULL,
    config jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Who made it, as events name it: `user:0198…`.
    created_by text NOT NULL,
    PRIMARY KEY (device_id, version),
    FOREIGN KEY (organization_id, device_id) REFERENCES devices.devices (organization_id, id) ON DELETE CASCADE
);
INSERT INTO devices.config_versions (device_id, version, organization_id, config, created_at, created_by)
SELECT device_id, version, organization_id, config, last_updated, 'system' FROM devices.configs;

-- What the device says its settings are.
ALTER TABLE devices.configs ADD COLUMN reported jsonb, ADD COLUMN reported_at timestamptz;

-- What the configurations of a type of device may hold.
CREATE TABLE devices.config_descriptions (
    organization_id uuid NOT NULL,
    device_type text NOT NULL,
    description jsonb NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    last_updated timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, device_type)
);

ALTER TABLE devices.config_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE devices.config_descriptions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON devices.config_versions
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON devices.config_descriptions
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON devices.config_versions TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON devices.config_descriptions TO {{prefix}}lms_devices_platform
    USING (true) WITH CHECK (true);
