-- The state of float8_accum over numbers: how many there are, their sum, and the sum of the squares of their differences
-- from the mean. Of such states the one over all of their numbers is made without looking at the numbers again, and
-- without the cancellation that sums of squares suffer from where numbers are large and differ little.
CREATE AGGREGATE readings.moments(double precision) (
    SFUNC = float8_accum, STYPE = double precision[], COMBINEFUNC = float8_combine, INITCOND = '{0,0,0}',
    PARALLEL = SAFE);
CREATE AGGREGATE readings.combined(double precision[]) (
    SFUNC = float8_combine, STYPE = double precision[], COMBINEFUNC = float8_combine, INITCOND = '{0,0,0}',
    PARALLEL = SAFE);

-- What the numbers of a series' minutes, hours and days (UTC) come to; text has none. They carry no row security, as
-- readings.readings: the series that every query joins does. Of an hour with few readings there are no minutes.
CREATE TABLE readings.rollup_1m (
    series_id bigint NOT NULL,
    time timestamptz NOT NULL,
    moments double precision[] NOT NULL,
    minimum double precision NOT NULL,
    maximum double precision NOT NULL,
    first double precision NOT NULL,
    last double precision NOT NULL,
    PRIMARY KEY (series_id, time)
);
CREATE TABLE readings.rollup_1h (LIKE readings.rollup_1m INCLUDING ALL);
CREATE TABLE readings.rollup_1d (LIKE readings.rollup_1m INCLUDING ALL);

-- The hours of series whose rollups are not, or no longer, what the readings say.
CREATE TABLE readings.stale_hours (
    series_id bigint NOT NULL,
    hour timestamptz NOT NULL,
    PRIMARY KEY (series_id, hour)
);
CREATE INDEX stale_hours_by_hour ON readings.stale_hours (hour);

CREATE TABLE readings.rollup_progress (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    -- What was measured before, and committed before the last round of the rollups, is in them.
    until timestamptz NOT NULL,
    -- The readings that were there before the rollups are walked through series by series, and their hours marked as
    -- stale: those of all series before this one, and its own before the hour, are. NULL once all are.
    walk_series bigint,
    walk_hour timestamptz NOT NULL
);
INSERT INTO readings.rollup_progress (until, walk_series, walk_hour)
VALUES (timestamptz 'epoch', 0, timestamptz 'epoch');
