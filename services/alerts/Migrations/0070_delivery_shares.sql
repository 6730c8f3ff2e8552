-- What is next for each channel, so that no organization's many notifications hide another's.
CREATE INDEX notifications_in_turn ON alerts.notifications (organization_id, channel_id, due_at)
    WHERE status = 'pending' AND due_at IS NOT NULL;
