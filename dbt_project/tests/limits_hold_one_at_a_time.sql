-- Two rows of one limit that hold on the same day contradict each other.
select a.limit_code, a.valid_from, b.valid_from as other_valid_from
from {{ ref('stg_validation_limit') }} as a
inner join {{ ref('stg_validation_limit') }} as b
    on a.limit_code = b.limit_code and a.valid_from < b.valid_from and a.valid_to >= b.valid_from
union all
select limit_code, valid_from, valid_from
from {{ ref('stg_validation_limit') }}
group by limit_code, valid_from
having count(*) > 1
