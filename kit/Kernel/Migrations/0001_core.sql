-- The shared kernel: the entity directory, the event log and the outbox.
GRANT USAGE ON SCHEMA core TO {{prefix}}lms_core_owner;

CREATE TABLE core.entities (
    id uuid PRIMARY KEY,
    organization_id uuid,
    entity_type text NOT NULL,
    name text NOT NULL,
    description text NOT NULL DEFAULT '',
    properties jsonb NOT NULL DEFAULT '{}',
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_updated timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id)
);
CREATE INDEX entities_by_type ON core.entities (organization_id, entity_type, id);
CREATE INDEX entities_by_properties ON core.entities USING gin (properties jsonb_path_ops);

CREATE TABLE core.relationships (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    from_entity uuid NOT NULL,
    to_entity uuid NOT NULL,
    relationship_type text NOT NULL,
    properties jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT relationships_source FOREIGN KEY (organization_id, from_entity)
        REFERENCES core.entities (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT relationships_target FOREIGN KEY (organization_id, to_entity)
        REFERENCES core.entities (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT relationships_key UNIQUE (organization_id, from_entity, to_entity, relationship_type)
);
CREATE INDEX relationships_by_target ON core.relationships (organization_id, to_entity);

CREATE TABLE core.outbox (
    id uuid PRIMARY KEY,
    source text NOT NULL,
    stream text NOT NULL,
    event jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX outbox_by_source ON core.outbox (source, id);

ALTER TABLE core.entities ENABLE ROW LEVEL SECURITY;
ALTER TABLE core.relationships ENABLE ROW LEVEL SECURITY;
ALTER TABLE core.outbox ENABLE ROW LEVEL SECURITY;

-- Everybody reads one tenant's rows; an unset tenant means none.
CREATE POLICY tenant ON core.entities FOR SELECT
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON core.relationships FOR SELECT
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);

-- auth writes users, organizations, projects and custom types; devices writes devices.
CREATE POLICY auth_writes ON core.entities TO {{prefix}}lms_auth
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid
        AND entity_type NOT LIKE 'device.%')
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid
        AND entity_type NOT LIKE 'device.%');
CREATE POLICY auth_users ON core.entities TO {{prefix}}lms_auth
    USING (organization_id IS NULL AND entity_type = 'user')
    WITH CHECK (organization_id IS NULL AND entity_type = 'user');
CREATE POLICY auth_relates ON core.relationships TO {{prefix}}lms_auth
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY devices_writes ON core.entities TO {{prefix}}lms_devices
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid
        AND entity_type LIKE 'device.%')
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid
        AND entity_type LIKE 'device.%');
CREATE POLICY auth_platform ON core.entities TO {{prefix}}lms_auth_platform
    USING (true) WITH CHECK (entity_type NOT LIKE 'device.%');
CREATE POLICY auth_platform ON core.relationships TO {{prefix}}lms_auth_platform USING (true);
CREATE POLICY devices_platform ON core.entities TO {{prefix}}lms_devices_platform
    USING (entity_type LIKE 'device.%') WITH CHECK (entity_type LIKE 'device.%');

GRANT SELECT ON core.entities, core.relationships TO
    {{prefix}}lms_auth, {{prefix}}lms_auth_platform, {{prefix}}lms_devices, {{prefix}}lms_devices_platform,
    {{prefix}}lms_readings, {{prefix}}lms_alerts, {{prefix}}lms_billing, {{prefix}}lms_realtime;
GRANT INSERT, UPDATE, DELETE ON core.entities TO
    {{prefix}}lms_auth, {{prefix}}lms_auth_platform, {{prefix}}lms_devices, {{prefix}}lms_devices_platform;
GRANT INSERT, UPDATE, DELETE ON core.relationships TO {{prefix}}lms_auth, {{prefix}}lms_auth_platform;

-- A service puts into the outbox, and its relay takes out, only what is its own.
CREATE POLICY own_source ON core.outbox
    USING (source = regexp_replace(current_user, '^{{prefix}}lms_([a-z]+)(_platform)?$', '\1'))
    WITH CHECK (source = regexp_replace(current_user, '^{{prefix}}lms_([a-z]+)(_platform)?$', '\1'));
GRANT SELECT, INSERT, DELETE ON core.outbox TO
    {{prefix}}lms_auth, {{prefix}}lms_auth_platform, {{prefix}}lms_devices, {{prefix}}lms_devices_platform,
    {{prefix}}lms_readings, {{prefix}}lms_readings_platform, {{prefix}}lms_alerts, {{prefix}}lms_alerts_platform,
    {{prefix}}lms_billing, {{prefix}}lms_billing_platform, {{prefix}}lms_realtime, {{prefix}}lms_realtime_platform;

ALTER TABLE core.entities OWNER TO {{prefix}}lms_core_owner;
ALTER TABLE core.relationships OWNER TO {{prefix}}lms_core_owner;
ALTER TABLE core.outbox OWNER TO {{prefix}}lms_core_owner;
