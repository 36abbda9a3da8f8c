-- On which days it is known what happened, by kind of event, where any of its feeds tells of a part of it: rooms are a sample, and
-- works are logged project by project. How much is missing on a day is said by the homes measured and by the feeds' own quality.
select
    k.entity,
    range_agg(d.known) as known_days,
    min(k.known_since_date) as known_since_date,
    max(k.known_until_date) as known_until_date
from {{ ref('stg_feed_known') }} as k
cross join lateral unnest(k.known_days) as d (known)
group by k.entity
