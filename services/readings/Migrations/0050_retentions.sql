-- For how many days billing says that readings are kept, NULL without limit, and since when that is less than before.
ALTER TABLE readings.limits ADD COLUMN retention_days bigint, ADD COLUMN shortened_at timestamptz;

-- For how many days an organization's readings are kept as yet: a plan that has become shorter counts after a week, in
-- which who has chosen it may think again.
CREATE FUNCTION readings.kept_days(limits readings.limits) RETURNS bigint LANGUAGE sql STABLE
    RETURN CASE WHEN limits.shortened_at > now() - interval '7 days' THEN NULL ELSE limits.retention_days END;

-- For how many days a device's readings are kept, where that is shorter than its organization's plan keeps them.
CREATE TABLE readings.retentions (
    organization_id uuid NOT NULL,
    device_id uuid NOT NULL,
    days bigint NOT NULL CHECK (days > 0),
    PRIMARY KEY (organization_id, device_id)
);
ALTER TABLE readings.retentions ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON readings.retentions
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON readings.retentions TO {{prefix}}lms_readings_platform USING (true) WITH CHECK (true);

-- Before when the readings of no organization are kept: midnight (UTC) as many days ago as the longest plan keeps them.
-- NULL while one keeps them without limit, or is one whose plan has not been heard of.
CREATE FUNCTION readings.end_of_expired() RETURNS timestamptz
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
DECLARE
    longest bigint;
BEGIN
    SELECT CASE WHEN bool_and(days IS NOT NULL) THEN max(days) END INTO longest
    FROM (
        SELECT readings.kept_days(limits) AS days
        FROM (SELECT DISTINCT organization_id FROM readings.series) AS organization
        LEFT JOIN readings.limits USING (organization_id)
    ) AS kept;
    RETURN (date_trunc('day', now() AT TIME ZONE 'UTC') - longest * interval '24 hours') AT TIME ZONE 'UTC';
END $$;
REVOKE ALL ON FUNCTION readings.end_of_expired FROM PUBLIC;
