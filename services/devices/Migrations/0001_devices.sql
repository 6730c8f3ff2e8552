-- Devices: the registry, their keys, their configuration and their commands.

-- Signs of life rewrite a row every few seconds: no index covers what they change, but for a changed status, and pages
-- have room, so that PostgreSQL updates in place (HOT).
CREATE TABLE devices.devices (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    device_type text NOT NULL,
    model text,
    serial_number text,
    mac_address text,
    firmware_version text,
    location text,
    project_id uuid,
    tags text[] NOT NULL,
    sensors text[] NOT NULL,
    reading_interval integer NOT NULL CHECK (reading_interval > 0),
    properties jsonb NOT NULL,
    status text NOT NULL
        CHECK (status IN ('provisioned', 'online', 'offline', 'maintenance', 'error', 'disabled')),
    last_seen timestamptz,
    battery_level double precision,
    wifi_signal_strength integer,
    uptime_s bigint,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_updated timestamptz NOT NULL DEFAULT now(),
    search_text text NOT NULL GENERATED ALWAYS AS (
        lower(name || ' ' || description || ' ' || device_type || ' ' || coalesce(model, '') || ' '
            || coalesce(serial_number, '') || ' ' || coalesce(mac_address, '') || ' ' || coalesce(location, ''))
    ) STORED,
    UNIQUE (organization_id, id),
    CONSTRAINT devices_serial_number_key UNIQUE (organization_id, serial_number)
) WITH (fillfactor = 80);
CREATE INDEX devices_by_status ON devices.devices (organization_id, status, id);
CREATE INDEX devices_by_type ON devices.devices (organization_id, device_type, id);
CREATE INDEX devices_by_project ON devices.devices (organization_id, project_id, id) WHERE project_id IS NOT NULL;
CREATE INDEX devices_by_tag ON devices.devices USING gin (tags);
CREATE INDEX devices_by_text ON devices.devices USING gin (search_text gin_trgm_ops);

-- Keys are kept as the SHA-256 of the whole text; a revoked one is deleted.
CREATE TABLE devices.device_keys (
    key_hash bytea PRIMARY KEY CHECK (length(key_hash) = 32),
    organization_id uuid NOT NULL,
    device_id uuid NOT NULL,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    FOREIGN KEY (organization_id, device_id) REFERENCES devices.devices (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX device_keys_by_device ON devices.device_keys (organization_id, device_id);

CREATE TABLE devices.configs (
    device_id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    config jsonb NOT NULL DEFAULT '{}',
    version bigint NOT NULL DEFAULT 1,
    last_updated timestamptz NOT NULL DEFAULT now(),
    -- The version that the device says it works with.
    applied_version bigint,
    applied_at timestamptz,
    FOREIGN KEY (organization_id, device_id) REFERENCES devices.devices (organization_id, id) ON DELETE CASCADE
);

CREATE TABLE devices.commands (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    device_id uuid NOT NULL,
    command_type text NOT NULL,
    parameters jsonb NOT NULL,
    -- 0 critical, 1 high, 2 normal, 3 low
    priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 3),
    status text NOT NULL DEFAULT 'pending' CHECK (
        status IN ('pending', 'sent', 'acknowledged', 'succeeded', 'failed', 'expired', 'cancelled')),
    result jsonb,
    error text,
    deliveries integer NOT NULL DEFAULT 0,
    max_retries integer NOT NULL CHECK (max_retries >= 0),
    scheduled_at timestamptz,
    expires_at timestamptz NOT NULL,
    -- Until then the command is with the device and goes out to no other poll.
    leased_until timestamptz,
    -- When it comes to nothing, unless the device speaks up: its lease is honoured beyond its time.
    ends_at timestamptz NOT NULL GENERATED ALWAYS AS (
        CASE WHEN deliveries > max_retries AND leased_until IS NOT NULL THEN leased_until
            ELSE greatest(expires_at, leased_until) END) STORED,
    created_by uuid,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    acknowledged_at timestamptz,
    completed_at timestamptz,
    last_updated timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (organization_id, device_id) REFERENCES devices.devices (organization_id, id) ON DELETE CASCADE
) WITH (fillfactor = 90);
-- The queue of a device, in the order in which it is handed out.
CREATE INDEX commands_queue ON devices.commands (device_id, priority, created_at, id)
    WHERE status IN ('pending', 'sent');
-- What the sweeper looks for.
CREATE INDEX commands_ending ON devices.commands (ends_at) WHERE status IN ('pending', 'sent');
CREATE INDEX commands_by_organization ON devices.commands (organization_id, id);
CREATE INDEX commands_by_device ON devices.commands (organization_id, device_id, id);
CREATE INDEX commands_by_status ON devices.commands (organization_id, status, id);
CREATE INDEX commands_by_type ON devices.commands (organization_id, command_type, id);

-- What billing says that an organization may have; NULL is unlimited.
CREATE TABLE devices.limits (
    organization_id uuid PRIMARY KEY,
    plan text NOT NULL,
    devices bigint,
    version bigint NOT NULL
);

-- Answers to requests with an Idempotency-Key, sealed, kept for 24 hours. The principal names the organization.
CREATE TABLE devices.idempotency (
    principal text NOT NULL,
    key text NOT NULL,
    body_hash bytea NOT NULL,
    status integer NOT NULL,
    sealed_answer bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (principal, key)
);
CREATE INDEX idempotency_by_age ON devices.idempotency (created_at);

ALTER TABLE devices.devices ENABLE ROW LEVEL SECURITY;
ALTER TABLE devices.device_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE devices.configs ENABLE ROW LEVEL SECURITY;
ALTER TABLE devices.commands ENABLE ROW LEVEL SECURITY;
ALTER TABLE devices.limits ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant ON devices.devices
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON devices.device_keys
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON devices.configs
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON devices.commands
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON devices.limits
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);

CREATE POLICY platform ON devices.devices TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON devices.device_keys TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON devices.configs TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON devices.commands TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON devices.limits TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);

-- Array and pattern conditions are not leakproof, so under row security no index serves them. These functions run as
-- the tables' owner, whom row security does not bind, and keep to the tenant themselves.
CREATE FUNCTION devices.tagged(wanted text[]) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = devices, public, pg_temp
    AS $$
        SELECT id FROM devices.devices
        WHERE organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid AND tags && wanted
    $$;
CREATE FUNCTION devices.matching(pattern text) RETURNS SETOF uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = devices, public, pg_temp
    AS $$
        SELECT id FROM devices.devices
        WHERE organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid
            AND search_text LIKE lower(pattern)
    $$;
REVOKE ALL ON FUNCTION devices.tagged, devices.matching FROM PUBLIC;
GRANT EXECUTE ON FUNCTION devices.tagged, devices.matching TO {{prefix}}lms_devices;
