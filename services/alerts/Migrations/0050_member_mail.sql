-- Alerts are mailed to members, at their verified addresses and as each of them wants it.
ALTER TABLE alerts.members
    -- NULL of a former member, and where it was never told.
    ADD COLUMN email text,
    ADD COLUMN is_email_verified boolean NOT NULL DEFAULT false,
    ADD COLUMN is_active boolean NOT NULL DEFAULT true;

ALTER TABLE alerts.channels
    ADD COLUMN member_ids uuid[] NOT NULL DEFAULT '{}';

ALTER TABLE alerts.notifications
    DROP CONSTRAINT notifications_status_check,
    ADD CONSTRAINT notifications_status_check CHECK (status IN ('pending', 'sent', 'dead', 'skipped')),
    -- The member it is for; NULL for an address or a URL.
    ADD COLUMN user_id uuid,
    -- Until when it was held back, by quiet hours or since too much was mailed; its attempts begin then.
    ADD COLUMN held_until timestamptz;
CREATE INDEX notifications_by_user ON alerts.notifications (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE alerts.preferences (
    organization_id uuid NOT NULL,
    user_id uuid NOT NULL,
    -- {"enabled": ..., "minimum_severity": ..., "quiet_hours": {...} or null, "except_critical": ...}
    email jsonb NOT NULL,
    version bigint NOT NULL,
    last_updated timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX preferences_by_user ON alerts.preferences (user_id);

-- How many letters went to addresses that are no member's in an hour.
CREATE TABLE alerts.mail_hours (
    organization_id uuid PRIMARY KEY,
    hour timestamptz NOT NULL,
    count bigint NOT NULL
);

ALTER TABLE alerts.preferences ENABLE ROW LEVEL SECURITY;
ALTER TABLE alerts.mail_hours ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alerts.preferences
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON alerts.mail_hours
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON alerts.preferences TO {{prefix}}lms_alerts_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON alerts.mail_hours TO {{prefix}}lms_alerts_platform USING (true) WITH CHECK (true);
