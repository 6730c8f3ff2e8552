-- Organizations that are no more, and of which something may be left here.
CREATE TABLE readings.removals (
    organization_id uuid PRIMARY KEY,
    begun_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE readings.removals ENABLE ROW LEVEL SECURITY;
CREATE POLICY platform ON readings.removals TO {{prefix}}lms_readings_platform USING (true) WITH CHECK (true);

CREATE INDEX keys_by_organization ON readings.keys (organization_id);
