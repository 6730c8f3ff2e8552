-- One transaction makes partitions at a time: with a lock for each week, one that had attached a partition and wanted a
-- week that another one held would wait for it while the other waited to attach its own.
CREATE OR REPLACE FUNCTION readings.ensure_partitions(weeks bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    week bigint;
    name text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('lms readings partitions', 0));
    FOREACH week IN ARRAY weeks LOOP
        name := 'readings_' || to_char(to_timestamp(week * 604800) AT TIME ZONE 'UTC', 'YYYYMMDD');
        -- The catalog itself is asked: to_regclass may answer from a cache that does not know yet what another
        -- transaction has just made.
        CONTINUE WHEN EXISTS (SELECT FROM pg_class WHERE relname = name AND relnamespace = 'readings'::regnamespace);
        -- Filling a table of its own and attaching it locks the others far less than CREATE … PARTITION OF.
        EXECUTE format('CREATE TABLE readings.%I (LIKE readings.readings INCLUDING ALL)', name);
        EXECUTE format('ALTER TABLE readings.readings ATTACH PARTITION readings.%I FOR VALUES FROM (%L) TO (%L)',
            name, to_timestamp(week * 604800), to_timestamp((week + 1) * 604800));
    END LOOP;
END $$;
