-- Where all rules stand with a device, in one row: what an instance that takes the device's partition goes on from.
CREATE TABLE alerts.device_states (
    device_id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    -- Of the telemetry: the id modulo 16.
    partition smallint GENERATED ALWAYS AS ((get_byte(uuid_send(device_id), 15) % 16)::smallint) STORED,
    -- Everything in the partition's stream up to here is in the state.
    position text NOT NULL,
    -- Whether something may come of it without a further reading.
    is_watched boolean NOT NULL,
    -- {"n": {"<sensor type>": [newest reading, when it came]}, "r": [{"i": rule, "n": sensor type, "s": {...}}]}
    state jsonb NOT NULL
);
CREATE INDEX device_states_by_organization ON alerts.device_states (organization_id);
CREATE INDEX watched_device_states ON alerts.device_states (partition) WHERE is_watched;
ALTER TABLE alerts.device_states ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON alerts.device_states
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON alerts.device_states TO {{prefix}}lms_alerts_platform USING (true) WITH CHECK (true);

-- Up to where every state is stored; from there to `position` the stream is read again by who takes the partition.
ALTER TABLE alerts.checkpoints ADD COLUMN state_position text NOT NULL DEFAULT '0-0';
UPDATE alerts.checkpoints SET state_position = position;

-- A row of the table before is a state as of its partition's position; rows from before there were states of several
-- kinds have three columns in place of one.
INSERT INTO alerts.device_states (device_id, organization_id, position, is_watched, state)
SELECT device_id, organization_id, coalesce(max(checkpoints.position), '0-0'), true,
    jsonb_build_object('n', '{}'::jsonb, 'r', jsonb_agg(jsonb_build_object(
        'i', rule_id, 'n', sensor_type, 's', coalesce(state, jsonb_strip_nulls(jsonb_build_object(
            'r', (extract(epoch FROM last_reading) * 1000000)::bigint,
            'h', (extract(epoch FROM holding_since) * 1000000)::bigint,
            't', (extract(epoch FROM last_triggered) * 1000000)::bigint))))))
FROM alerts.rule_state LEFT JOIN alerts.checkpoints ON partition = get_byte(uuid_send(device_id), 15) % 16
GROUP BY device_id, organization_id;
DROP TABLE alerts.rule_state;

ALTER TABLE alerts.alerts ADD COLUMN partition smallint
    GENERATED ALWAYS AS ((get_byte(uuid_send(device_id), 15) % 16)::smallint) STORED;
CREATE INDEX standing_alerts ON alerts.alerts (partition)
    WHERE status IN ('active', 'acknowledged') OR (status = 'dismissed' AND cleared_at IS NULL);
CREATE INDEX standing_alerts_by_device ON alerts.alerts (device_id)
    WHERE status IN ('active', 'acknowledged') OR (status = 'dismissed' AND cleared_at IS NULL);
