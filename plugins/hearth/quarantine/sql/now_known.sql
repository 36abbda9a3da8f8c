-- Open rows of unknown points that the register has learned of since they were tried. A replay is a try for the rows of its
-- pull only, and only if it took rows of all reasons or of this one.
with learned as (
    select p.point_id, max(b.committed_at) as at
    from raw.measuring_point as p
    inner join ledger.batch as b using (batch_id)
    group by 1
),

tried as (
    select (ended.facts ->> 'pull_id')::bigint as pull_id, max(started.at) as at
    from ledger.step as started
    inner join ledger.step as ended using (run_id, subject, step)
    where subject = %(feed)s
        and step = 'replay'
        and started.outcome = 'started'
        and ended.outcome in ('succeeded', 'skipped')
        and started.at <= ended.at
        and coalesce(ended.facts ->> 'reason', 'unknown_point') = 'unknown_point'
    group by 1
)

select count(*)
from quarantine.row_open as q
inner join ledger.batch as own using (batch_id)
inner join learned on learned.point_id = q.record ->> %(point_column)s
left join tried on own.pull_id = tried.pull_id
where q.feed = %(feed)s and 'unknown_point' = any(q.reasons) and (tried.at is null or learned.at > tried.at)
