-- Loaded rows of the feed whose keys a replay brings.
select r.*
from {raw_table} as r
inner join asked using ({key})
where r.feed = %(feed)s::text
