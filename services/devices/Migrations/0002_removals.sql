-- Organizations that are no more, and of which something may be left here.
CREATE TABLE devices.removals (
    organization_id uuid PRIMARY KEY,
    begun_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE devices.removals ENABLE ROW LEVEL SECURITY;
CREATE POLICY platform ON devices.removals TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);

CREATE INDEX configs_by_organization ON devices.configs (organization_id);
