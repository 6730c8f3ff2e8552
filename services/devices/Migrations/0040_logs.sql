-- What devices log, in weekly range partitions, with TimescaleDB as without: whoever reaches an ordinary table through
-- its parent is bound by the parent's policies alone, and a week that has passed goes at once.
CREATE SEQUENCE devices.log_ids;
CREATE TABLE devices.logs (
    organization_id uuid NOT NULL,
    device_id uuid NOT NULL,
    -- As the device says; of its arrival where the device says none.
    time timestamptz NOT NULL,
    -- In the order of arrival, for those of one time.
    id bigint NOT NULL DEFAULT nextval('devices.log_ids'),
    -- Of level, message and context: what a device sends again changes nothing.
    digest bigint NOT NULL,
    -- 0 debug, 1 info, 2 warning, 3 error, 4 critical
    level smallint NOT NULL CHECK (level BETWEEN 0 AND 4),
    message text NOT NULL,
    context jsonb,
    PRIMARY KEY (organization_id, device_id, time, digest)
) PARTITION BY RANGE (time);
-- What is wrong is rare, and is found without a walk through the rest.
CREATE INDEX logs_of_trouble ON devices.logs (organization_id, device_id, time) WHERE level >= 2;
-- Of each of the worst levels, to count.
CREATE INDEX logs_of_errors ON devices.logs (organization_id, device_id, level, time) WHERE level >= 3;

-- Devices that are no more, and whose logs may be here yet.
CREATE TABLE devices.log_removals (
    organization_id uuid NOT NULL,
    device_id uuid NOT NULL,
    PRIMARY KEY (organization_id, device_id)
);

ALTER TABLE devices.logs ENABLE ROW LEVEL SECURITY;
ALTER TABLE devices.log_removals ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON devices.logs
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY tenant ON devices.log_removals
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON devices.logs TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON devices.log_removals TO {{prefix}}lms_devices_platform USING (true) WITH CHECK (true);

-- The service may only read and write rows, so what makes and drops partitions runs as the owner.

-- Makes the partitions of the last 30 days and of the next week.
CREATE FUNCTION devices.make_log_partitions() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '3s' AS $$
DECLARE
    -- Weeks are counted from 1970-01-01 UTC.
    first_week constant bigint := floor(extract(epoch FROM now() - interval '30 days') / 604800);
    last_week constant bigint := floor(extract(epoch FROM now()) / 604800) + 1;
    name text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('lms devices log partitions', 0));
    FOR week IN first_week .. last_week LOOP
        name := 'logs_' || to_char(to_timestamp(week * 604800) AT TIME ZONE 'UTC', 'YYYYMMDD');
        CONTINUE WHEN EXISTS (SELECT FROM pg_class WHERE relname = name AND relnamespace = 'devices'::regnamespace);
        -- Attaching a table locks the others far less than CREATE … PARTITION OF.
        EXECUTE format('CREATE TABLE devices.%I (LIKE devices.logs INCLUDING ALL)', name);
        -- Without a policy of its own, it can be reached through its parent only.
        EXECUTE format('ALTER TABLE devices.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE devices.logs ATTACH PARTITION devices.%I FOR VALUES FROM (%L) TO (%L)',
            name, to_timestamp(week * 604800), to_timestamp((week + 1) * 604800));
    END LOOP;
END $$;

-- Drops those before. That waits for everybody who reads logs, and so is nothing that a device may have to wait for.
CREATE FUNCTION devices.drop_log_partitions() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET lock_timeout = '3s' AS $$
DECLARE
    first_week constant bigint := floor(extract(epoch FROM now() - interval '30 days') / 604800);
    name text;
BEGIN
    FOR name IN
        SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = 'devices.logs'::regclass
            AND relname < 'logs_' || to_char(to_timestamp(first_week * 604800) AT TIME ZONE 'UTC', 'YYYYMMDD')
    LOOP
        EXECUTE format('DROP TABLE IF EXISTS devices.%I', name);
    END LOOP;
END $$;
REVOKE ALL ON FUNCTION devices.make_log_partitions, devices.drop_log_partitions FROM PUBLIC;
GRANT EXECUTE ON FUNCTION devices.make_log_partitions, devices.drop_log_partitions TO {{prefix}}lms_devices;

SELECT devices.make_log_partitions();
