-- A rejected row as its newest batch has it.
select
    q.feed, q.entity, q.state, q.reasons, q.record::text, f.source_name, f.stored_as, q.position, q.sub_position,
    q.arrived_at, q.batch_id, b.pull_id, q.file_id, f.sha256
from quarantine.row_state as q
inner join ledger.landing_file as f using (file_id)
inner join ledger.batch as b using (batch_id)
where q.feed = %(feed)s
    and q.file_sha256 like %(sha256)s
    and q.position = %(position)s
    and q.sub_position = %(sub_position)s
order by q.batch_id desc
limit 1
