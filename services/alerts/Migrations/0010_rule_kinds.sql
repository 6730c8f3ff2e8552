-- Rules of every kind. A column that a rule's kind has no use for is NULL; `sensor_type` is empty for a rule about a
-- device as a whole.
ALTER TABLE alerts.rules DROP CONSTRAINT rules_kind_check;
ALTER TABLE alerts.rules ADD CONSTRAINT rules_kind_check CHECK (
    kind IN (
        'threshold', 'rate_of_change', 'no_data', 'device_offline', 'battery_low', 'data_quality', 'composite'));
ALTER TABLE alerts.rules
    ALTER COLUMN condition DROP NOT NULL,
    ALTER COLUMN threshold_value DROP NOT NULL,
    ADD COLUMN window_s bigint,
    -- The best grade that counts as bad: fair, poor or bad.
    ADD COLUMN quality text,
    -- all or any
    ADD COLUMN match text,
    -- [{"sensor_type": ..., "condition": ..., "threshold_value": ..., ...}, ...]
    ADD COLUMN conditions jsonb,
    -- {"time_zone": ..., "days": [...], "from": "HH:MM", "to": "HH:MM"}
    ADD COLUMN schedule jsonb,
    -- [{"device_id": ..., "threshold_value": ..., ...}, ...]
    ADD COLUMN overrides jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN raise_after_s bigint,
    ADD COLUMN repeat_after_s bigint,
    -- [{"after_s": ..., "channel_ids": [...]}, ...]
    ADD COLUMN escalation jsonb NOT NULL DEFAULT '[]';

-- An alert of a composite rule was compared with several conditions, and has none of its own.
ALTER TABLE alerts.alerts
    ALTER COLUMN condition DROP NOT NULL,
    ALTER COLUMN threshold_value DROP NOT NULL;

-- All that a rule remembers; NULL in rows from before it remembered more than the other columns hold.
ALTER TABLE alerts.rule_state
    ALTER COLUMN last_reading DROP NOT NULL,
    ADD COLUMN state jsonb;
