-- The battery's level that others were told last, and when: what signs of life say is told on when it is news. Like the
-- rest of what they rewrite, no index covers it. Nothing is told yet, so what others know from earlier is renewed once.
ALTER TABLE devices.devices
    ADD COLUMN told_battery_level double precision,
    ADD COLUMN battery_told_at timestamptz;
