-- Flags of series take the row that holds for ever; without exactly one of each, no reading could be judged.
select count(*) as rows_without_end
from {{ ref('int_limit_period') }}
where valid_to = {{ forever() }}
having count(*) <> 1
