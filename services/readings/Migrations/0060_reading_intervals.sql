-- How many seconds lie between two readings of a device, as it is set up; a device told of before has it with its next
-- change.
ALTER TABLE readings.devices ADD COLUMN reading_interval integer;
