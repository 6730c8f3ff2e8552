-- Roles on single devices and projects, for people beside their role in the organization or without one, and for personal
-- access tokens, which they confine.
CREATE TABLE auth.resource_grants (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    user_id uuid REFERENCES auth.users ON DELETE CASCADE,
    token_id uuid REFERENCES auth.api_tokens ON DELETE CASCADE,
    resource_type text NOT NULL CHECK (resource_type IN ('device', 'project')),
    -- A row of core.entities; one that is deleted leaves its grants, which then name nothing.
    resource_id uuid NOT NULL,
    role text NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK (num_nonnulls(user_id, token_id) = 1)
);
CREATE UNIQUE INDEX resource_grants_of_user ON auth.resource_grants (user_id, organization_id, resource_type, resource_id)
    WHERE user_id IS NOT NULL;
CREATE UNIQUE INDEX resource_grants_of_token ON auth.resource_grants (token_id, resource_type, resource_id)
    WHERE token_id IS NOT NULL;
CREATE INDEX resource_grants_by_organization ON auth.resource_grants (organization_id, id);

ALTER TABLE auth.resource_grants ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenant ON auth.resource_grants
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON auth.resource_grants TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);

-- Where somebody may act: as a member, or, without a role, where something was granted. With the rights of who asks.
CREATE VIEW auth.places WITH (security_invoker = true) AS
    SELECT organization_id, user_id, role, created_at FROM auth.memberships
    UNION ALL
    SELECT g.organization_id, g.user_id, NULL, min(g.created_at)
    FROM auth.resource_grants g
    WHERE g.user_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM auth.memberships m WHERE m.organization_id = g.organization_id AND m.user_id = g.user_id)
    GROUP BY g.organization_id, g.user_id;

-- Who leaves an organization, by whichever way, leaves tokens and grants behind, and comes back without them. The owner of
-- the tables does it, since a tenant's request sees no tokens.
CREATE FUNCTION auth.forget_member() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
BEGIN
    DELETE FROM auth.api_tokens WHERE user_id = old.user_id AND organization_id = old.organization_id;
    DELETE FROM auth.resource_grants WHERE user_id = old.user_id AND organization_id = old.organization_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_member AFTER DELETE ON auth.memberships FOR EACH ROW EXECUTE FUNCTION auth.forget_member();
