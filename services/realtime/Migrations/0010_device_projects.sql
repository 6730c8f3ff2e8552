-- Whoever may see only a project's devices needs to be told them; a device told of before has its project with its next
-- change.
ALTER TABLE realtime.devices ADD COLUMN project_id uuid;
CREATE INDEX devices_by_project ON realtime.devices (organization_id, project_id) WHERE project_id IS NOT NULL;
