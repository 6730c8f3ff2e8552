-- What each organization has waited for longest.
CREATE INDEX notifications_by_wait ON alerts.notifications (organization_id, due_at, channel_id)
    WHERE status = 'pending' AND due_at IS NOT NULL;
