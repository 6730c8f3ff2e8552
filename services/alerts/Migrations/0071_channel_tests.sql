-- How many messages the tests of an organization's channels sent in an hour, to whomever.
ALTER TABLE alerts.mail_hours
    ADD COLUMN test_hour timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN test_count bigint NOT NULL DEFAULT 0;
