-- From when on a plan that has become shorter counts: after a week, in which who has chosen it may think again.
CREATE FUNCTION readings.kept_days_from(limits readings.limits) RETURNS timestamptz LANGUAGE sql STABLE
    RETURN limits.shortened_at + interval '168 hours';

-- For how many days an organization's readings are kept as yet.
CREATE OR REPLACE FUNCTION readings.kept_days(limits readings.limits) RETURNS bigint LANGUAGE sql STABLE
    RETURN CASE WHEN readings.kept_days_from(limits) > now() THEN NULL ELSE limits.retention_days END;

-- For how many they will be, where a plan that has become shorter does not count yet.
CREATE FUNCTION readings.pending_days(limits readings.limits) RETURNS bigint LANGUAGE sql STABLE
    RETURN CASE WHEN readings.kept_days_from(limits) > now() THEN limits.retention_days END;
