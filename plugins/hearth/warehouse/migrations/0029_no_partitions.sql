-- Readings, which were partitioned by month, live in files.
drop function if exists raw.ensure_month_partitions(text, timestamptz, timestamptz);
