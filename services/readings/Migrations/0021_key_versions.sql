-- An event of a key may come again after a later one, so the newest version is kept. A key known before has the first: of
-- a later one its end is here already, and it may come again.
ALTER TABLE readings.keys ADD COLUMN version bigint NOT NULL DEFAULT 1;
