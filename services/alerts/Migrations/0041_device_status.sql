-- How devices are, besides what they are: what rules about a device as a whole go by.
ALTER TABLE alerts.devices
    ADD COLUMN status text,
    -- Since when it has been that.
    ADD COLUMN status_at timestamptz,
    -- The device's version that the status is of.
    ADD COLUMN status_version bigint NOT NULL DEFAULT 0,
    -- In percent.
    ADD COLUMN battery_level double precision,
    ADD COLUMN battery_at timestamptz,
    ADD COLUMN partition smallint GENERATED ALWAYS AS ((get_byte(uuid_send(id), 15) % 16)::smallint) STORED,
    -- The transaction that changed the row last. Whoever has read the rows as of a snapshot finds what changed since by
    -- the oldest transaction that was under way then.
    ADD COLUMN changed bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint);
CREATE INDEX devices_by_change ON alerts.devices (changed);
CREATE INDEX offline_devices ON alerts.devices (partition) WHERE status = 'offline' AND NOT is_deleted;
