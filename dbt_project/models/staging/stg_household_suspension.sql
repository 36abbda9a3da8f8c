-- Spells of suspended heating (报停), overlapping and touching ones joined, so that a day is never taken off twice.
with spell as (
    select
        household_id,
        suspended_from,
        coalesce(suspended_to, {{ forever() }}) as suspended_to
    from {{ picked(source('raw', 'household_suspension'), ['r.household_id', 'r.suspended_from']) }} as r
    -- An end before the beginning is how the register takes a suspension back.
    where suspended_to is null or suspended_to >= suspended_from
),

marked as (
    select
        *,
        case
            when suspended_from - 1 <= max(suspended_to) over (
                partition by household_id order by suspended_from rows between unbounded preceding and 1 preceding
            ) then 0
            else 1
        end as begins
    from spell
),

numbered as (
    select
        *,
        sum(begins) over (partition by household_id order by suspended_from) as spell_no
    from marked
)

select
    household_id,
    min(suspended_from) as suspended_from,
    max(suspended_to) as suspended_to
from numbered
group by household_id, spell_no
