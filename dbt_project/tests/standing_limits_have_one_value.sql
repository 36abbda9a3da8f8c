-- A limit that looks from one day at others holds for all days; a second value of it would change seasons that are closed. Say the
-- new value in its one row: every day is then judged by it, and what was published changes as a restatement.
select
    v.limit_code,
    count(distinct v.value) as values_at_all,
    count(*) filter (where v.valid_to = {{ forever() }}) as rows_without_end
from (
    {%- for code in standing_limit_codes() %}
    select '{{ code }}' as limit_code, {{ code }} as value, valid_to from {{ ref('int_limit_period') }}{{ " union all" if not loop.last }}
    {%- endfor %}
) as v
group by v.limit_code
having count(distinct v.value) <> 1 or count(v.value) filter (where v.valid_to = {{ forever() }}) <> 1
