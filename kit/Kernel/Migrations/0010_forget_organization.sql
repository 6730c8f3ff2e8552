-- An organization that nobody but the deleted person belonged to may have been named after that person: the rows that are
-- about the organization itself keep that something happened, and no name.
CREATE FUNCTION core.forget_organization(organization uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    UPDATE core.events SET data = '{}' WHERE organization_id = organization AND entity_id = organization
$$;
ALTER FUNCTION core.forget_organization OWNER TO {{prefix}}lms_core_owner;
REVOKE ALL ON FUNCTION core.forget_organization FROM PUBLIC;
GRANT EXECUTE ON FUNCTION core.forget_organization TO {{prefix}}lms_auth_platform;
