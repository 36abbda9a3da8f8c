-- From the side table: accepted rows by the local day of their event: how many, how late, how many repeated ones they have beside them.
select
    d.event_date,
    d.rows_loaded,
    d.rows_late,
    d.delay_us,
    coalesce(g.rows_repeated, 0) as rows_duplicate
from (
    select
        {event_date} as event_date,
        count(*) as rows_loaded,
        count(*) filter (where arrived_at > {happened_at} + %(lateness_hours)s::int * interval '1 hour') as rows_late,
        sum(greatest(epoch_us(arrived_at) - epoch_us({happened_at}), 0))::bigint as delay_us
    from settled
    group by 1
) as d
left join (
    select {event_date} as event_date, count(*) as rows_repeated
    from incoming as i
    inner join removed as r on i.part = r.part and i.row_no = r.row_no
    where r.why = 'repeated'
    group by 1
) as g using (event_date)
