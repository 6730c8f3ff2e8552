-- Puts readings of an organization's devices (devices.sql) into the database as their ingest does, with their series
-- and with what the readings service would have heard of the devices. No other service hears of them.
-- psql --variable organization=ID --variable first=NUMBER --variable count=NUMBER --variable sensors=NUMBER
--     --variable begin=TIME --variable end=TIME --variable interval=INTERVAL --variable rollups=BOOLEAN
--     --file readings.sql
--   first, count: the numbers of the devices, as devices.sql counts them
--   sensors: how many of the ten below each has
--   begin, end: when they were measured; the end is exclusive
--   rollups: whether the hours are marked, so that the service computes their rollups
-- Prints how many readings that were.

-- By themselves, since nobody else can make partitions until the transaction ends.
SELECT readings.ensure_partitions(array_agg(DISTINCT floor(extract(epoch FROM day) / 604800)::bigint))
FROM (
    SELECT generate_series(:'begin'::timestamptz, :'end'::timestamptz, interval '1 day')
    UNION ALL SELECT :'end'
) AS days (day) \g /dev/null

BEGIN;
-- For sorting.
SET LOCAL work_mem = '256MB';

CREATE TEMPORARY TABLE sensor (number, sensor_type, unit, start, step, decimals) ON COMMIT DROP AS VALUES
    (1, 'temperature', '°C', 21, 0.05, 2), (2, 'humidity', '%', 45, 0.2, 1), (3, 'pressure', 'hPa', 1013, 0.03, 1),
    (4, 'co2', 'ppm', 600, 4, 0), (5, 'tvoc', 'ppb', 120, 2, 0), (6, 'noise', 'dB', 42, 0.5, 1),
    (7, 'illuminance', 'lx', 300, 3, 0), (8, 'vibration', 'mm/s', 2, 0.02, 2), (9, 'flow', 'L/min', 5, 0.02, 2),
    (10, 'door_current', 'mA', 12, 0.05, 2);

CREATE TEMPORARY TABLE device ON COMMIT DROP AS
SELECT id, project_id FROM devices.devices
WHERE organization_id = :'organization' AND serial_number >= 'BENCH-' || lpad(:'first', 7, '0')
    AND serial_number < 'BENCH-' || lpad((:first::bigint + :count::bigint)::text, 7, '0');
ANALYZE device;

INSERT INTO readings.devices (id, organization_id, version, project_id)
SELECT id, :'organization', 1, project_id FROM device ON CONFLICT DO NOTHING;
INSERT INTO readings.keys (key_hash, organization_id, device_id)
SELECT key_hash, organization_id, device_id FROM devices.device_keys JOIN device ON device.id = device_id
ON CONFLICT DO NOTHING;
INSERT INTO readings.series (organization_id, device_id, sensor_type, unit, kind)
SELECT :'organization', device.id, sensor_type, unit, 0 FROM device CROSS JOIN sensor WHERE number <= :sensors
ORDER BY device.id, number
ON CONFLICT DO NOTHING;
ANALYZE sensor, readings.series;

-- Each sensor's are a random walk, as coarse as it shows it, and all in the order in which they would have come.
INSERT INTO readings.readings (series_id, time, value, quality, batch_id)
SELECT series_id, time,
    round((start + sum(step * (random() - 0.5)) OVER (PARTITION BY series_id ORDER BY time))::numeric, decimals), 2, 0
FROM (
    SELECT series.id AS series_id, start, step, decimals
    FROM readings.series JOIN device ON device.id = device_id JOIN sensor USING (sensor_type)
    WHERE number <= :sensors
) AS source
CROSS JOIN generate_series(
    :'begin'::timestamptz, :'end'::timestamptz - interval '1 microsecond', :'interval'::interval) AS time
ORDER BY time, series_id;
\echo :ROW_COUNT
INSERT INTO readings.stale_hours (series_id, hour)
SELECT series.id, hour
FROM readings.series JOIN device ON device.id = device_id
CROSS JOIN generate_series(date_bin('1 hour', :'begin'::timestamptz, timestamptz 'epoch'),
    :'end'::timestamptz - interval '1 microsecond', interval '1 hour') AS hour
WHERE :'rollups'::boolean
ON CONFLICT DO NOTHING;
COMMIT;
-- What autovacuum would do in time.
VACUUM (ANALYZE) readings.readings, readings.series, readings.devices, readings.keys;
