select b.interval_start, b.interval_end, p.pull_id, p.manifest
from ledger.batch_current as b
cross join lateral (
    select p.pull_id, p.manifest
    from ledger.pull as p
    left join ledger.pull_completion as c using (pull_id)
    where p.feed = b.feed
        and p.interval_start = b.interval_start
        and p.interval_end = b.interval_end
        and (p.pull_id = b.pull_id or (p.pull_id > b.pull_id and c.pull_id is not null))
    order by p.pull_id desc
    limit 1
) as p
where b.feed = %(feed)s and b.kind = 'pull'
order by 1
