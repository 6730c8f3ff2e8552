-- Commands that an organization has prepared, to be given by their id.
CREATE TABLE devices.command_templates (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    command_type text NOT NULL,
    -- The types of device that it is for; none for any.
    device_types text[] NOT NULL,
    -- What its parameters may be, and those that are filled in.
    parameters jsonb NOT NULL,
    defaults jsonb NOT NULL,
    -- Of the commands made of it where these do not say; NULL leaves it to the service. As in devices.commands.
    priority smallint CHECK (priority BETWEEN 0 AND 3),
    ttl_s integer CHECK (ttl_s > 0),
    max_retries integer CHECK (max_retries >= 0),
    created_by uuid,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_updated timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT command_templates_name_key UNIQUE (organization_id, name)
);
CREATE INDEX command_templates_by_organization ON devices.command_templates (organization_id, id);

ALTER TABLE devices.command_templates ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON devices.command_templates
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON devices.command_templates TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
