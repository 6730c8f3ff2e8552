-- The log of an organization that is no more keeps that something happened and who did it, by an id, and nothing of what
-- it was: names, and addresses that were invited. A part at a time, the newest first, since there may be much of it.
-- Returns the last row that was looked at, behind which to go on; none when there are no more.
CREATE FUNCTION core.forget_history(organization uuid, before_time timestamptz, before_id uuid, row_limit bigint)
RETURNS TABLE (last_time timestamptz, last_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH part AS (
        SELECT timestamp, id FROM core.events
        WHERE organization_id = organization
            AND (timestamp, id) < (
                coalesce(before_time, 'infinity'), coalesce(before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
        ORDER BY timestamp DESC, id DESC LIMIT row_limit),
    forgotten AS (
        UPDATE core.events SET data = '{}'
        WHERE (timestamp, id) IN (SELECT timestamp, id FROM part) AND data <> '{}')
    SELECT timestamp, id FROM part ORDER BY timestamp, id LIMIT 1
$$;
ALTER FUNCTION core.forget_history OWNER TO {{prefix}}lms_core_owner;
REVOKE ALL ON FUNCTION core.forget_history FROM PUBLIC;
GRANT EXECUTE ON FUNCTION core.forget_history TO {{prefix}}lms_auth_platform;
