-- ThingsBoard's clients know a command by a number of its device, which it gets when it goes out to one.
ALTER TABLE devices.commands ADD COLUMN rpc_id bigint;
CREATE UNIQUE INDEX commands_by_rpc_id ON devices.commands (device_id, rpc_id) WHERE rpc_id IS NOT NULL;

-- The version of the configuration up to which the device has been told of changes; NULL where it never asked for them.
ALTER TABLE devices.configs ADD COLUMN told_version bigint;
