-- Narrow rows in weekly range partitions. They carry no row security, since the series that every query joins does.
CREATE TABLE readings.readings (
    series_id bigint NOT NULL,
    time timestamptz NOT NULL,
    value double precision,
    text_value text,
    quality smallint NOT NULL,
    batch_id bigint NOT NULL,
    attributes jsonb,
    PRIMARY KEY (series_id, time)
) PARTITION BY RANGE (time);

-- Makes the partitions of the given weeks (counted in whole weeks since 1970-01-01 UTC). The service may only read and
-- write rows, so this runs as the owner.
CREATE FUNCTION readings.ensure_partitions(weeks bigint[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    week bigint;
    name text;
BEGIN
    FOREACH week IN ARRAY weeks LOOP
        name := 'readings_' || to_char(to_timestamp(week * 604800) AT TIME ZONE 'UTC', 'YYYYMMDD');
        PERFORM pg_advisory_xact_lock(hashtextextended('lms readings partition', week));
        -- The catalog itself is asked: to_regclass may answer from a cache that does not know yet what another
        -- transaction has just made.
        CONTINUE WHEN EXISTS (SELECT FROM pg_class WHERE relname = name AND relnamespace = 'readings'::regnamespace);
        -- Filling a table of its own and attaching it locks the others far less than CREATE … PARTITION OF.
        EXECUTE format('CREATE TABLE readings.%I (LIKE readings.readings INCLUDING ALL)', name);
        EXECUTE format('ALTER TABLE readings.readings ATTACH PARTITION readings.%I FOR VALUES FROM (%L) TO (%L)',
            name, to_timestamp(week * 604800), to_timestamp((week + 1) * 604800));
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION readings.ensure_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION readings.ensure_partitions TO {{prefix}}lms_readings, {{prefix}}lms_readings_platform;
