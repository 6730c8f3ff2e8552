-- The firmware of types of devices. An image is kept in pieces, so that every instance can serve it, and none holds it
-- whole.
CREATE TABLE devices.firmware (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    device_type text NOT NULL,
    firmware_version text NOT NULL,
    description text NOT NULL,
    -- As whoever built it gave it, for devices to check.
    signature text,
    -- Bytes.
    size bigint CHECK (size > 0),
    -- In hexadecimal.
    sha256 text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    -- NULL while it is uploaded; until then nobody sees it.
    stored_at timestamptz,
    -- Whether it is the one that devices of its type are to have.
    is_current boolean NOT NULL DEFAULT false,
    created_by uuid,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_updated timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id),
    CHECK (stored_at IS NULL OR (size IS NOT NULL AND sha256 IS NOT NULL)),
    CHECK (stored_at IS NOT NULL OR NOT is_current)
);
CREATE UNIQUE INDEX firmware_version_key ON devices.firmware (organization_id, device_type, firmware_version)
    WHERE stored_at IS NOT NULL;
CREATE UNIQUE INDEX firmware_current_key ON devices.firmware (organization_id, device_type) WHERE is_current;
CREATE INDEX firmware_uploads ON devices.firmware (created_at) WHERE stored_at IS NULL;

CREATE TABLE devices.firmware_chunks (
    organization_id uuid NOT NULL,
    firmware_id uuid NOT NULL,
    -- Where in the image it begins.
    byte_offset bigint NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (organization_id, firmware_id, byte_offset),
    FOREIGN KEY (organization_id, firmware_id) REFERENCES devices.firmware (organization_id, id) ON DELETE CASCADE
);
-- Images are compressed or do not compress well, and so a part of a piece is read without the rest.
ALTER TABLE devices.firmware_chunks ALTER COLUMN content SET STORAGE EXTERNAL;

-- What devices say of the firmware that they last went for.
CREATE TABLE devices.firmware_updates (
    device_id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    firmware_version text NOT NULL,
    state text NOT NULL CHECK (state IN ('downloading', 'applied', 'failed')),
    -- Percent of the download.
    progress integer CHECK (progress BETWEEN 0 AND 100),
    error text,
    began_at timestamptz NOT NULL DEFAULT now(),
    reported_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (organization_id, device_id) REFERENCES devices.devices (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX firmware_updates_by_organization ON devices.firmware_updates (organization_id, device_id);

ALTER TABLE devices.firmware ENABLE ROW LEVEL SECURITY;
ALTER TABLE devices.firmware_chunks ENABLE ROW LEVEL SECURITY;
ALTER TABLE devices.firmware_updates ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON devices.firmware
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON devices.firmware_chunks
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON devices.firmware_updates
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON devices.firmware TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON devices.firmware_chunks TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON devices.firmware_updates TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
