-- Channels of several types. What of a URL is a secret (Slack, Teams) is sealed; url then holds its origin.
ALTER TABLE alerts.channels
    DROP CONSTRAINT channels_type_check,
    ADD CONSTRAINT channels_type_check CHECK (type IN ('email', 'webhook', 'slack', 'teams')),
    ALTER COLUMN url DROP NOT NULL,
    ADD COLUMN addresses text[] NOT NULL DEFAULT '{}',
    ADD COLUMN group_s bigint NOT NULL DEFAULT 0,
    ADD COLUMN template jsonb;

-- delivery_id binds notifications to the message that an attempt was made with: those of one message share it, and the
-- one that leads them has its due_at, the others none.
ALTER TABLE alerts.notifications
    ADD COLUMN recipient text,
    ADD COLUMN delivery_id uuid,
    ADD COLUMN resend_of uuid,
    ALTER COLUMN due_at DROP NOT NULL,
    ADD CONSTRAINT notifications_of_organization UNIQUE (organization_id, id);
DROP INDEX alerts.notifications_by_organization;
CREATE INDEX notifications_to_combine ON alerts.notifications (channel_id, due_at)
    WHERE status = 'pending' AND delivery_id IS NULL;
CREATE INDEX notifications_by_sending ON alerts.notifications (channel_id, sent_at) WHERE status = 'sent';
CREATE INDEX notifications_by_delivery ON alerts.notifications (delivery_id) WHERE status = 'pending';
CREATE INDEX notifications_by_alert ON alerts.notifications (organization_id, alert_id, id);
CREATE INDEX notifications_by_channel ON alerts.notifications (organization_id, channel_id, id);
CREATE INDEX notifications_by_age ON alerts.notifications (created_at) WHERE status <> 'pending';

CREATE TABLE alerts.delivery_attempts (
    organization_id uuid NOT NULL,
    notification_id uuid NOT NULL,
    number bigint NOT NULL,
    at timestamptz NOT NULL,
    duration_ms bigint NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('sent', 'failed', 'refused')),
    -- The HTTP status, or the code of the mail server's reply; NULL when nobody answered.
    response_status bigint,
    detail text NOT NULL CHECK (length(detail) <= 500),
    PRIMARY KEY (organization_id, notification_id, number),
    FOREIGN KEY (organization_id, notification_id) REFERENCES alerts.notifications (organization_id, id)
        ON DELETE CASCADE
);
ALTER TABLE alerts.delivery_attempts ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alerts.delivery_attempts
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON alerts.delivery_attempts TO {{prefix}}lms_alerts_platform USING (true) WITH CHECK (true);
