select feed, first_reason, state, count(*), min(arrived_at)::date, max(arrived_at)::date
from quarantine.row_state
where (%(feed)s::text is null or feed = %(feed)s) and (%(state)s = 'all' or state = %(state)s)
group by 1, 2, 3
order by 1, 4 desc
