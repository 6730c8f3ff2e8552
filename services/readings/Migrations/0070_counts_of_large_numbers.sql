-- The moments of numbers that are too large to be added up had no count. Now they have one, and their sums alone are NaN:
-- such hours are computed anew. Days are fewer to look through, and have the least and the greatest of their hours.
INSERT INTO readings.stale_hours (series_id, hour)
SELECT h.series_id, h.time
FROM readings.rollup_1d AS d
JOIN readings.rollup_1h AS h
    ON h.series_id = d.series_id AND h.time >= d.time AND h.time < d.time + interval '24 hours'
WHERE (d.minimum < -1e120 OR d.maximum > 1e120) AND (h.minimum < -1e120 OR h.maximum > 1e120)
ON CONFLICT (series_id, hour) DO NOTHING;

-- Of a copy of the version before, which goes on beside newer ones for a while, such an hour fails, and one of these
-- computes it.
ALTER TABLE readings.rollup_1m ADD CONSTRAINT has_count CHECK (moments[1] < 'Infinity') NOT VALID;
ALTER TABLE readings.rollup_1h ADD CONSTRAINT has_count CHECK (moments[1] < 'Infinity') NOT VALID;
ALTER TABLE readings.rollup_1d ADD CONSTRAINT has_count CHECK (moments[1] < 'Infinity') NOT VALID;
