-- An organization may demand a second factor of who acts in it. A member who has none is suspended until there is one:
-- kept in the member's row, so that what locks that row to make a token of it sees the change.
ALTER TABLE auth.organizations ADD COLUMN requires_two_factor boolean NOT NULL DEFAULT false;
ALTER TABLE auth.memberships ADD COLUMN is_suspended boolean NOT NULL DEFAULT false;

CREATE FUNCTION auth.lacks_factor(organization uuid, person uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM auth.organizations o WHERE o.id = organization AND o.requires_two_factor)
        AND NOT EXISTS (SELECT FROM auth.second_factors f WHERE f.user_id = person AND f.confirmed_at IS NOT NULL)
$$;

-- Members come by several ways, and tenants' requests see no second factors: the owner of the tables looks.
CREATE FUNCTION auth.admit_member() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    new.is_suspended := auth.lacks_factor(new.organization_id, new.user_id);
    RETURN new;
END
$$;
CREATE TRIGGER admit_member BEFORE INSERT ON auth.memberships FOR EACH ROW EXECUTE FUNCTION auth.admit_member();

-- Suspended members and guests without the factor have no place.
CREATE OR REPLACE VIEW auth.places WITH (security_invoker = true) AS
    SELECT organization_id, user_id, role, created_at FROM auth.memberships WHERE NOT is_suspended
    UNION ALL
    SELECT g.organization_id, g.user_id, NULL, min(g.created_at)
    FROM auth.resource_grants g
    WHERE g.user_id IS NOT NULL AND NOT auth.lacks_factor(g.organization_id, g.user_id) AND NOT EXISTS (
        SELECT FROM auth.memberships m WHERE m.organization_id = g.organization_id AND m.user_id = g.user_id)
    GROUP BY g.organization_id, g.user_id;
