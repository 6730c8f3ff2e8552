-- When devices are worked at, so that what they report is no alert.
CREATE TABLE alerts.maintenance_windows (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    name text NOT NULL,
    notes text NOT NULL,
    -- As of a rule.
    scope jsonb NOT NULL,
    -- Once from `starts_at` to `ends_at`, or in the hours of `recurring`.
    starts_at timestamptz,
    ends_at timestamptz,
    -- {"time_zone": "Europe/Berlin", "days": ["sat"], "from": "08:00", "to": "12:00"}
    recurring jsonb,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((recurring IS NULL) = (starts_at IS NOT NULL) AND (starts_at IS NULL) = (ends_at IS NULL)),
    CHECK (starts_at < ends_at)
);
CREATE INDEX maintenance_windows_by_organization ON alerts.maintenance_windows (organization_id, id);
-- What has ended is left out of evaluation.
CREATE INDEX maintenance_windows_by_end ON alerts.maintenance_windows (organization_id, ends_at);

ALTER TABLE alerts.maintenance_windows ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alerts.maintenance_windows
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON alerts.maintenance_windows TO {{prefix}}lms_alerts_platform USING (true) WITH CHECK (true);
