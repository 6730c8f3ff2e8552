-- What each organization has waited for longest. Nothing looks by due_at alone.
CREATE INDEX notifications_by_wait ON alerts.notifications (organization_id, due_at, channel_id)
    WHERE status = 'pending' AND due_at IS NOT NULL;
DROP INDEX alerts.due_notifications;
