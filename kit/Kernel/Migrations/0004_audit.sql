-- The log of an organization, and of all of them, by time.
CREATE INDEX events_by_organization ON core.events (organization_id, timestamp DESC, id DESC);
CREATE INDEX events_by_time ON core.events (timestamp DESC, id DESC);
