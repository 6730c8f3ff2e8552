-- The devices of a partition whose batteries are known: rules may find something in those without a reading.
CREATE INDEX devices_with_batteries ON alerts.devices (partition) WHERE battery_level IS NOT NULL AND NOT is_deleted;
