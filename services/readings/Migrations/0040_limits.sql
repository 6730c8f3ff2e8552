-- What billing says that an organization may send; NULL is unlimited.
CREATE TABLE readings.limits (
    organization_id uuid PRIMARY KEY,
    plan text NOT NULL,
    readings_per_month bigint,
    readings_per_minute bigint,
    version bigint NOT NULL
);

-- How many readings all instances together have stored of an organization in the newest month of which there are any. It
-- is for the limit alone, and may be a little less than billing's, which is exact. Rows are written once a second, so
-- there is room left beside each for its next version.
CREATE TABLE readings.monthly_usage (
    organization_id uuid PRIMARY KEY,
    -- Its first day, UTC.
    month date NOT NULL,
    readings bigint NOT NULL
) WITH (fillfactor = 50);

ALTER TABLE readings.limits ENABLE ROW LEVEL SECURITY;
ALTER TABLE readings.monthly_usage ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON readings.limits
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON readings.monthly_usage
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON readings.limits TO {{prefix}}lms_readings_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON readings.monthly_usage TO {{prefix}}lms_readings_platform USING (true) WITH CHECK (true);
