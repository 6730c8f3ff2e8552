-- What an organization has waited for longest, whatever else is pending; the other index has only what takes no part.
CREATE INDEX notifications_by_wait ON alerts.notifications (organization_id, due_at, channel_id)
    WHERE status = 'pending' AND due_at IS NOT NULL;
DROP INDEX alerts.due_notifications;
