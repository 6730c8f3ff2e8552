-- How far the log of the organization has been emptied, from the newest row on.
ALTER TABLE auth.removals ADD COLUMN log_time timestamptz, ADD COLUMN log_id uuid;
