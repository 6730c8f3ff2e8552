-- Whom an alert is told to again, and when next, for as long as nobody has acknowledged it: step 0 is the channels of its
-- rule, the others are those of its escalation.
CREATE TABLE alerts.escalations (
    organization_id uuid NOT NULL,
    alert_id uuid NOT NULL,
    step bigint NOT NULL,
    channel_ids uuid[] NOT NULL,
    due_at timestamptz NOT NULL,
    -- NULL: told once.
    repeat_after_s bigint CHECK (repeat_after_s > 0),
    PRIMARY KEY (organization_id, alert_id, step),
    FOREIGN KEY (organization_id, alert_id) REFERENCES alerts.alerts (organization_id, id) ON DELETE CASCADE
);
CREATE INDEX escalations_by_time ON alerts.escalations (due_at);

ALTER TABLE alerts.escalations ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alerts.escalations
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON alerts.escalations TO {{prefix}}lms_alerts_platform USING (true) WITH CHECK (true);
