-- Drops the oldest chunk that holds nothing but readings that no organization keeps, and tells whether there was one. The
-- service may only read and write rows, so this runs as the owner.
--
-- Dropping waits for everybody who uses the chunk, and meanwhile whoever wants it waits, too: so not for long. What is not
-- dropped now is the next time, and emptied until then.
CREATE FUNCTION readings.drop_expired_partition() RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '500ms' AS $$
DECLARE
    chunk_end timestamptz;
BEGIN
    SELECT min(range_end) INTO chunk_end FROM timescaledb_information.chunks
    WHERE hypertable_schema = 'readings' AND hypertable_name = 'readings'
        AND range_end <= readings.end_of_expired();
    IF chunk_end IS NULL THEN
        RETURN false;
    END IF;
    PERFORM public.drop_chunks('readings.readings', older_than => chunk_end);
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END $$;
REVOKE ALL ON FUNCTION readings.drop_expired_partition FROM PUBLIC;
GRANT EXECUTE ON FUNCTION readings.drop_expired_partition TO {{prefix}}lms_readings;
