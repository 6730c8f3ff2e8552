-- The time zone in whose local times a window was written that is in force once; NULL: UTC. Its times are what they are
-- whatever it says.
ALTER TABLE alerts.maintenance_windows ADD COLUMN time_zone text;
