-- For how many days billing says that readings are kept; NULL is without limit.
ALTER TABLE readings.limits ADD COLUMN retention_days bigint;

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
    SELECT CASE WHEN bool_and(limits.retention_days IS NOT NULL) THEN max(limits.retention_days) END INTO longest
    FROM (SELECT DISTINCT organization_id FROM readings.series) AS organization
    LEFT JOIN readings.limits USING (organization_id);
    RETURN (date_trunc('day', now() AT TIME ZONE 'UTC') - longest * interval '24 hours') AT TIME ZONE 'UTC';
END $$;
REVOKE ALL ON FUNCTION readings.end_of_expired FROM PUBLIC;
