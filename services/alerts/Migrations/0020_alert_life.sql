-- What becomes of alerts besides being acknowledged and resolved: they are dismissed as false alarms, given to somebody,
-- opened again, and rise in severity while nobody has acknowledged them.
ALTER TABLE alerts.alerts
    DROP CONSTRAINT alerts_status_check,
    ADD CONSTRAINT alerts_status_check CHECK (status IN ('active', 'acknowledged', 'resolved', 'dismissed')),
    ADD COLUMN dismissed_by uuid,
    ADD COLUMN dismissed_at timestamptz,
    -- When the condition cleared of an alert that had been dismissed; until then it stands in for the next one.
    ADD COLUMN cleared_at timestamptz,
    ADD COLUMN assigned_to uuid,
    ADD COLUMN raise_after_s bigint,
    -- When its severity rises next; null when it does not.
    ADD COLUMN raise_at timestamptz;

DROP INDEX alerts.one_open_alert;
CREATE UNIQUE INDEX one_standing_alert ON alerts.alerts (rule_id, device_id, sensor_type)
    WHERE status IN ('active', 'acknowledged') OR (status = 'dismissed' AND cleared_at IS NULL);
DROP INDEX alerts.open_alerts;
CREATE INDEX open_alerts ON alerts.alerts (organization_id, id) WHERE status IN ('active', 'acknowledged');
CREATE INDEX alerts_by_time ON alerts.alerts (organization_id, triggered_at);
CREATE INDEX alerts_by_assignee ON alerts.alerts (organization_id, assigned_to, id) WHERE assigned_to IS NOT NULL;
CREATE INDEX alerts_by_raise ON alerts.alerts (raise_at) WHERE raise_at IS NOT NULL;

ALTER TABLE alerts.alert_events
    -- Of `assigned`: to whom; null for nobody any more.
    ADD COLUMN assigned_to uuid,
    -- Of `severity_raised`: to what.
    ADD COLUMN severity text;
