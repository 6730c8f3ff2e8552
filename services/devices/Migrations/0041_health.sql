-- What a device's health is judged by, besides its own row.

-- Every change of a status: a device has it until its next one. A change has a version of its own, and is here once.
CREATE TABLE devices.status_changes (
    organization_id uuid NOT NULL,
    device_id uuid NOT NULL,
    version bigint NOT NULL,
    status text NOT NULL,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, device_id, version),
    FOREIGN KEY (organization_id, device_id) REFERENCES devices.devices (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX status_changes_by_time ON devices.status_changes (changed_at);

-- The battery at most once an hour. The hours take turns in 48 slots, so that nothing needs to be deleted.
CREATE TABLE devices.battery_samples (
    organization_id uuid NOT NULL,
    device_id uuid NOT NULL,
    slot smallint NOT NULL CHECK (slot BETWEEN 0 AND 47),
    time timestamptz NOT NULL,
    -- Percent.
    battery_level double precision NOT NULL,
    PRIMARY KEY (organization_id, device_id, slot),
    FOREIGN KEY (organization_id, device_id) REFERENCES devices.devices (organization_id, id) ON DELETE CASCADE
);

-- The commands that came to nothing, by when.
CREATE INDEX commands_in_vain ON devices.commands (organization_id, device_id, completed_at)
    WHERE status IN ('failed', 'expired');

ALTER TABLE devices.status_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE devices.battery_samples ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON devices.status_changes
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON devices.battery_samples
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON devices.status_changes TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON devices.battery_samples TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);

-- Of devices that are there already it is known from now on.
INSERT INTO devices.status_changes (organization_id, device_id, version, status, changed_at)
SELECT organization_id, id, version, status, now() FROM devices.devices;
