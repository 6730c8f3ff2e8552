-- TimescaleDB makes its chunks itself, and knows how to do so at once.
SELECT 1;
