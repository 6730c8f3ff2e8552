-- Search by tag and text, page by page. The functions before gave all that matched, to be sorted by whoever asked: a
-- word that all devices have in common cost a second for each page of a hundred thousand. Here the planner sees every
-- condition and the end of the page, so it walks the tenant's devices in their order for what is common, and takes the
-- trigrams or tags for what is rare.
--
-- Instances of the version before go on calling devices.tagged and devices.matching while they are replaced.

-- A condition that is NULL does not apply. Rows come in the order of their ids, those behind the id given. Who sees but
-- some of the devices sees those in visible_ids or visible_projects; both are NULL for who sees all.
CREATE FUNCTION devices.search(
    tags text[], pattern text, ids uuid[], statuses text[], types text[], projects uuid[],
    visible_ids uuid[], visible_projects uuid[], behind uuid, newest_first boolean, row_limit bigint
) RETURNS SETOF uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    -- Planned for the values of each call: conditions that do not apply fold away, and the order with them.
    SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_variable
DECLARE
    tenant uuid := nullif(current_setting('lms.organization_id', true), '')::uuid;
    -- With less than three characters between the wildcards there is no trigram, and the index would be read from end
    -- to end.
    is_short boolean := char_length(pattern) < 5;
BEGIN
    RETURN QUERY
        SELECT device.id FROM devices.devices AS device
        WHERE device.organization_id = tenant
            AND (tags IS NULL OR device.tags && tags)
            AND (pattern IS NULL OR is_short OR device.search_text LIKE lower(pattern))
            AND (pattern IS NULL OR NOT is_short OR device.search_text || '' LIKE lower(pattern))
            AND (ids IS NULL OR device.id = ANY (ids))
            AND (statuses IS NULL OR device.status = ANY (statuses))
            AND (types IS NULL OR device.device_type = ANY (types))
            AND (projects IS NULL OR device.project_id = ANY (projects))
            AND (visible_ids IS NULL OR device.id = ANY (visible_ids) OR device.project_id = ANY (visible_projects))
            AND (behind IS NULL OR CASE WHEN newest_first THEN device.id < behind ELSE device.id > behind END)
        ORDER BY CASE WHEN newest_first THEN device.id END DESC, device.id
        LIMIT row_limit;
END $$;
REVOKE ALL ON FUNCTION devices.search FROM PUBLIC;
GRANT EXECUTE ON FUNCTION devices.search TO {{prefix}}lms_devices;

-- The lists of all organizations' devices, which only superusers see: the indexes that begin with the organization do
-- not serve them, and what few devices are was looked for in all.
CREATE INDEX devices_of_all_by_status ON devices.devices (status, id);
CREATE INDEX devices_of_all_by_type ON devices.devices (device_type, id);
CREATE INDEX devices_of_all_by_project ON devices.devices (project_id, id) WHERE project_id IS NOT NULL;
