-- Drops the oldest partition that holds nothing but readings that no organization keeps, and tells whether there was one.
-- The service may only read and write rows, so this runs as the owner.
--
-- Dropping waits for everybody who uses readings.readings, and meanwhile everybody waits for it: so not for long. What is
-- not dropped now is the next time, and emptied until then.
CREATE FUNCTION readings.drop_expired_partition() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '500ms' AS $$
DECLARE
    name text;
BEGIN
    -- Nobody makes the partition while it goes.
    PERFORM pg_advisory_xact_lock(hashtextextended('lms readings partitions', 0));
    SELECT relname INTO name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'readings.readings'::regclass
        -- A partition is named for the day that its week begins with.
        AND relname <= 'readings_'
            || to_char((readings.end_of_expired() - interval '168 hours') AT TIME ZONE 'UTC', 'YYYYMMDD')
    ORDER BY relname LIMIT 1;
    IF name IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE readings.%I', name);
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END $$;
REVOKE ALL ON FUNCTION readings.drop_expired_partition FROM PUBLIC;
GRANT EXECUTE ON FUNCTION readings.drop_expired_partition TO {{prefix}}lms_readings;
