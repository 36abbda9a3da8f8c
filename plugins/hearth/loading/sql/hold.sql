with made as (
    insert into ledger.batch_hold (feed, pull_id, run_id, rows_before, rows_now, rule)
    select %(feed)s, %(pull_id)s, %(run_id)s, %(rows_before)s, %(rows_now)s, %(rule)s
    where not exists (select from ledger.batch_hold where pull_id = %(pull_id)s)
    returning hold_id
)

select hold_id from made
union all
select hold_id from ledger.batch_hold where pull_id = %(pull_id)s
limit 1
