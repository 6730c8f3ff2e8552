-- What is to be said of an organization beside its row in core.entities; there is a row only where something is.
CREATE TABLE auth.organizations (
    id uuid PRIMARY KEY,
    -- When it is deleted for good; NULL unless an owner has asked for that.
    deletes_at timestamptz,
    -- When its credentials were revoked, which is what deleting it begins with.
    revoked_at timestamptz
);
CREATE INDEX organizations_by_end ON auth.organizations (deletes_at) WHERE deletes_at IS NOT NULL;

-- Somebody who leaves an organization and comes back has a membership of a greater version than the one before.
CREATE SEQUENCE auth.membership_versions AS integer START WITH 2;
ALTER TABLE auth.memberships ALTER COLUMN version SET DEFAULT nextval('auth.membership_versions');
CREATE INDEX memberships_by_time ON auth.memberships (organization_id, created_at, user_id);

-- A project's name, description, properties and version are in its row of core.entities.
CREATE TABLE auth.projects (
    id uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'on_hold', 'completed', 'archived')),
    project_lead_id uuid,
    UNIQUE (organization_id, id),
    CONSTRAINT projects_lead_is_member FOREIGN KEY (organization_id, project_lead_id)
        REFERENCES auth.memberships (organization_id, user_id) ON DELETE SET NULL (project_lead_id)
);
CREATE INDEX projects_by_lead ON auth.projects (organization_id, project_lead_id) WHERE project_lead_id IS NOT NULL;

-- Organizations that are no more, and of which something may be left here.
CREATE TABLE auth.removals (
    organization_id uuid PRIMARY KEY,
    begun_at timestamptz NOT NULL DEFAULT now(),
    due_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_by_organization ON auth.sessions (organization_id);

ALTER TABLE auth.organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.removals ENABLE ROW LEVEL SECURITY;
CREATE POLICY platform ON auth.organizations TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
CREATE POLICY platform ON auth.removals TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
CREATE POLICY tenant ON auth.projects
    USING (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid)
    WITH CHECK (organization_id = nullif(current_setting('lms.organization_id', true), '')::uuid);
CREATE POLICY platform ON auth.projects TO {{prefix}}lms_auth_platform USING (true) WITH CHECK (true);
