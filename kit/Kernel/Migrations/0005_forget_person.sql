-- What somebody did, wherever it was.
CREATE INDEX events_by_actor ON core.events ((actor ->> 'id'), timestamp DESC, id DESC);

-- The log is immutable but for one thing: who is deleted leaves no name and no address in it. That something happened
-- stays, and who did it by an id that nobody has any more.
CREATE FUNCTION core.forget_person(person uuid, address text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE core.events SET data = '{}'
    WHERE (organization_id IS NULL AND entity_id = person) OR data ->> 'email' = address
$$;
ALTER FUNCTION core.forget_person OWNER TO {{prefix}}lms_core_owner;
REVOKE ALL ON FUNCTION core.forget_person FROM PUBLIC;
GRANT EXECUTE ON FUNCTION core.forget_person TO {{prefix}}lms_auth_platform;
