-- Organizations that are no more, and of which something may be left here.
CREATE TABLE realtime.removals (
    organization_id uuid PRIMARY KEY,
    begun_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE realtime.removals ENABLE ROW LEVEL SECURITY;
CREATE POLICY platform ON realtime.removals TO {{prefix}}lms_realtime_platform USING (true) WITH CHECK (true);

-- The indexes that the dashboard reads leave out what it does not show.
CREATE INDEX devices_by_organization ON realtime.devices (organization_id);
CREATE INDEX alerts_by_organization ON realtime.alerts (organization_id);
