select interval_start, interval_end
from ledger.batch_current
where feed = %(feed)s
    and kind = 'pull'
    and interval_start < %(interval_end)s
    and interval_end > %(interval_start)s
    and not (interval_start >= %(interval_start)s and interval_end <= %(interval_end)s)
order by interval_start
limit 1
