-- Search in the entity directory. Neither containment in jsonb nor ILIKE is leakproof: under a policy the planner may
-- not use their indexes and tests every row of the tenant. This function reads as the owner of the table, whom no policy
-- binds, and filters by the tenant itself.
CREATE INDEX entities_by_name ON core.entities USING gin (name gin_trgm_ops);

-- A condition that is NULL does not apply. Rows come in the order of their ids, those behind the id given.
CREATE FUNCTION core.search_entities(
    entity_types text[], name_part text, contained jsonb, behind uuid, newest_first boolean, row_limit integer
) RETURNS SETOF core.entities
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    -- Planned for the values of each call: conditions that do not apply fold away, and the order with them.
    SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    tenant uuid := nullif(current_setting('lms.organization_id', true), '')::uuid;
    pattern text := '%' || regexp_replace(name_part, '([\\%_])', '\\\1', 'g') || '%';
BEGIN
    RETURN QUERY
        SELECT e.* FROM core.entities AS e
        WHERE e.organization_id = tenant
            AND (entity_types IS NULL OR e.entity_type = ANY (entity_types))
            AND (pattern IS NULL OR e.name ILIKE pattern)
            AND (contained IS NULL OR e.properties @> contained)
            AND (behind IS NULL OR CASE WHEN newest_first THEN e.id < behind ELSE e.id > behind END)
        ORDER BY CASE WHEN newest_first THEN e.id END DESC, e.id
        LIMIT row_limit;
END $$;
ALTER FUNCTION core.search_entities OWNER TO {{prefix}}lms_core_owner;
REVOKE ALL ON FUNCTION core.search_entities FROM PUBLIC;
GRANT EXECUTE ON FUNCTION core.search_entities TO
    {{prefix}}lms_auth, {{prefix}}lms_devices, {{prefix}}lms_readings, {{prefix}}lms_alerts, {{prefix}}lms_billing,
    {{prefix}}lms_realtime;
