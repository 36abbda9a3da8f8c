-- Tickets whose kind is another one than in the version before: from, to, and the moment the changed version came in. The home
-- lies where it is on that day. Who came in person stands apart, as everywhere.
with several as (
    select line, ticket_no
    from {{ ref('stg_service_ticket_version') }}
    group by line, ticket_no
    having min(kind) <> max(kind)
),

version as (
    select
        v.line,
        v.ticket_no,
        v.arrived_at,
        v.kind as to_kind,
        lag(v.kind) over in_order as from_kind,
        max(v.closed_at) over (in_order rows between unbounded preceding and 1 preceding) is not null as is_after_closing,
        row_number() over in_order as version_no
    from {{ ref('stg_service_ticket_version') }} as v
    inner join several as s on v.line = s.line and v.ticket_no = s.ticket_no
    window in_order as (
        partition by v.line, v.ticket_no order by v.source_version asc, v.arrived_at asc, v.feed desc, v.position asc
    )
),

change as (
    select
        v.line,
        v.ticket_no,
        cast(row_number() over (partition by v.line, v.ticket_no order by v.version_no) as int) as change_no,
        v.arrived_at as reclassified_at,
        {{ local_date('v.arrived_at') }} as reclassified_date,
        v.from_kind,
        v.to_kind,
        v.is_after_closing
    from version as v
    cross join {{ ref('stg_place') }} as place
    where v.from_kind <> v.to_kind
)

select
    c.line,
    c.ticket_no,
    c.change_no,
    d.season,
    c.reclassified_at,
    c.reclassified_date,
    c.from_kind,
    c.to_kind,
    c.is_after_closing,
    t.created_at,
    coalesce(t.category, 'unknown') as category,
    h.station_id,
    coalesce(h.branch_id, t.branch_id) as branch_id
from change as c
inner join {{ ref('stg_service_ticket') }} as t on c.line = t.line and c.ticket_no = t.ticket_no
left join {{ ref('int_season_day') }} as d on c.reclassified_date = d.heating_date
left join {{ ref('int_household_place') }} as h
    on t.household_id = h.household_id and c.reclassified_date between h.from_date and h.to_date
where coalesce(t.channel, '') not in ('walk_in', 'group_petition')
