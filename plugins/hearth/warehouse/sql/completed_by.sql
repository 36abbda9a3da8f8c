select c.pull_id
from ledger.pull as mine
inner join ledger.pull as f
    on mine.feed = f.feed and mine.interval_start = f.interval_start and mine.interval_end = f.interval_end
inner join ledger.pull_completion as c on f.pull_id = c.found_by_pull_id
inner join ledger.pull as p on c.pull_id = p.pull_id
where mine.pull_id = %(pull_id)s
    and not exists (
        select from ledger.batch_current as b
        where b.feed = p.feed
            and b.pull_id > p.pull_id
            and b.interval_start <= p.interval_start
            and b.interval_end >= p.interval_end
    )
order by 1
