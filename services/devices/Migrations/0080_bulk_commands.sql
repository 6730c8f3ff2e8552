-- Orders for many devices at once, which become a command for each of them bit by bit.
CREATE TABLE devices.bulk_commands (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    -- Which devices it is for, in the words of who gave it.
    selector jsonb NOT NULL,
    template_id uuid,
    -- The types of device that its template is for; none for any.
    device_types text[] NOT NULL,
    command_type text NOT NULL,
    parameters jsonb NOT NULL,
    -- As that of commands.
    priority smallint NOT NULL CHECK (priority BETWEEN 0 AND 3),
    scheduled_at timestamptz,
    expires_at timestamptz NOT NULL,
    max_retries integer NOT NULL CHECK (max_retries >= 0),
    status text NOT NULL DEFAULT 'queueing' CHECK (status IN ('queueing', 'queued', 'cancelling', 'cancelled')),
    created_by uuid,
    cancelled_by uuid,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    last_updated timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id)
);
-- Those that there is something to do for.
CREATE INDEX bulk_commands_under_way ON devices.bulk_commands (organization_id)
    WHERE status IN ('queueing', 'cancelling');

-- The devices of each, as they were when it was given. A device that is no more stays among them, to be counted.
CREATE TABLE devices.bulk_targets (
    bulk_id uuid NOT NULL,
    device_id uuid NOT NULL,
    organization_id uuid NOT NULL,
    -- NULL until its turn has come.
    outcome text CHECK (outcome IN ('queued', 'cancelled', 'deleted', 'unsuitable', 'queue_full')),
    PRIMARY KEY (bulk_id, device_id),
    FOREIGN KEY (organization_id, bulk_id) REFERENCES devices.bulk_commands (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX bulk_targets_waiting ON devices.bulk_targets (bulk_id, device_id) WHERE outcome IS NULL;
CREATE INDEX bulk_targets_by_organization ON devices.bulk_targets (organization_id, bulk_id);

-- The bulk command that a command was made of.
ALTER TABLE devices.commands ADD COLUMN bulk_id uuid;
CREATE UNIQUE INDEX commands_by_bulk ON devices.commands (bulk_id, device_id) WHERE bulk_id IS NOT NULL;

ALTER TABLE devices.bulk_commands ENABLE ROW LEVEL SECURITY;
ALTER TABLE devices.bulk_targets ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON devices.bulk_commands
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON devices.bulk_targets
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON devices.bulk_commands TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON devices.bulk_targets TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
