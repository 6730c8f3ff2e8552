-- Puts devices into an organization as their registration does: with a key, a configuration and an entry in the
-- directory. There is nothing of them in the outbox: no other service hears of them. None was ever seen, so that what
-- finds silent devices leaves them alone.
-- psql --variable organization=ID --variable first=NUMBER --variable count=NUMBER --file devices.sql
--   first: the number of the first of them; serial numbers and all that filters look at follow from it
-- Prints a device a line, its id and its key.

BEGIN;
CREATE TEMPORARY TABLE new ON COMMIT DROP AS
SELECT number,
    -- A UUID of version 7 (RFC 9562, section 5.7), as if a device had been registered every other second.
    (lpad(to_hex(floor(extract(epoch FROM created_at) * 1000)::bigint), 12, '0') || '7'
        || substr(noise, 1, 3) || '8' || substr(noise, 4, 15))::uuid AS id,
    'lms_dev_' || rtrim(translate(encode(decode(noise || noise_too, 'hex'), 'base64'), '+/', '-_'), '=') AS key,
    created_at
FROM (
    SELECT number, now() - interval '30 days' + number * interval '2 seconds' AS created_at,
        replace(gen_random_uuid()::text, '-', '') AS noise, replace(gen_random_uuid()::text, '-', '') AS noise_too
    FROM generate_series(:first::bigint, :first::bigint + :count::bigint - 1) AS number
) AS source;

-- One in fifty is not online, one in a thousand has reported an error; a tag in common with a quarter of all, with one
-- in fifty, with one in ten thousand; half of them are in one of twenty projects.
INSERT INTO devices.devices (id, organization_id, name, description, device_type, model, serial_number, mac_address,
    firmware_version, location, project_id, tags, sensors, reading_interval, properties, status, created_at,
    last_updated)
SELECT id, :'organization',
    (ARRAY['Freezer', 'Incubator', 'Centrifuge', 'Fume hood'])[1 + number % 4] || ' ' || number,
    'Watched around the clock', (ARRAY['esp32', 'esp32', 'esp32', 'esp8266', 'sensor'])[1 + number % 5], 'LMS-2',
    'BENCH-' || lpad(number::text, 7, '0'),
    'AA:BB:CC:' || upper(regexp_replace(lpad(to_hex(number), 6, '0'), '(..)(..)(..)', '\1:\2:\3')), '1.4.2',
    'Building ' || number % 7 || ', room ' || number % 300,
    CASE WHEN number % 2 = 0 THEN md5(:'organization' || number % 40)::uuid END,
    ARRAY['site-' || number % 4, 'room-' || number % 50, 'batch-' || number % 10000],
    ARRAY['temperature', 'humidity'], 60, '{"bench": "4"}',
    CASE WHEN number % 1000 = 1 THEN 'error' WHEN number % 50 = 2 THEN 'offline' ELSE 'online' END, created_at,
    created_at
FROM new;
INSERT INTO devices.device_keys (key_hash, organization_id, device_id)
SELECT sha256(convert_to(key, 'UTF8')), :'organization', id FROM new;
INSERT INTO devices.configs (device_id, organization_id) SELECT id, :'organization' FROM new;
INSERT INTO devices.config_versions (device_id, version, organization_id, config, created_by)
SELECT id, 1, :'organization', '{}', 'system' FROM new;
INSERT INTO core.entities (id, organization_id, entity_type, name, description, properties)
SELECT id, organization_id, 'device.' || device_type, name, description, properties
FROM devices.devices JOIN new USING (id);
SELECT id || ' ' || key FROM new ORDER BY number;
COMMIT;
-- What autovacuum would do in time.
VACUUM (ANALYZE) devices.devices, devices.device_keys, devices.configs, core.entities;
