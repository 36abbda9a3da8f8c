-- Communities: each row holds until the day before the next one.
select
    community_id,
    community_name,
    branch_id,
    valid_from,
    {{ day_before_next('community_id') }} as valid_to_effective
from {{ picked(source('raw', 'community'), ['r.community_id', 'r.valid_from']) }} as r
