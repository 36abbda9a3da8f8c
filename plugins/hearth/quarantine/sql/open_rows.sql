select b.pull_id, q.file_id, q.position, q.sub_position
from quarantine.row_open as q
inner join ledger.batch as b using (batch_id)
where q.feed = %(feed)s and (%(reason)s::text is null or %(reason)s = any(q.reasons))
order by 1
