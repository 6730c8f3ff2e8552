-- Organizations that are no more, and of which something may be left here.
CREATE TABLE alerts.removals (
    organization_id uuid PRIMARY KEY,
    begun_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE alerts.removals ENABLE ROW LEVEL SECURITY;
CREATE POLICY platform ON alerts.removals TO {{prefix}}lms_alerts_platform USING (true) WITH CHECK (true);
