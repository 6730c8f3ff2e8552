-- The log of an organization that is no more keeps that something happened and who did it, by an id, and nothing of what
-- it was: names, and addresses that were invited. A part at a time, since there may be much of it.
CREATE FUNCTION core.forget_history(organization uuid, most bigint) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH forgotten AS (
        UPDATE core.events SET data = '{}'
        WHERE (id, timestamp) IN (
            SELECT id, timestamp FROM core.events WHERE organization_id = organization AND data <> '{}' LIMIT most)
        RETURNING 1)
    SELECT count(*) FROM forgotten
$$;
ALTER FUNCTION core.forget_history OWNER TO {{prefix}}lms_core_owner;
REVOKE ALL ON FUNCTION core.forget_history FROM PUBLIC;
GRANT EXECUTE ON FUNCTION core.forget_history TO {{prefix}}lms_auth_platform;
