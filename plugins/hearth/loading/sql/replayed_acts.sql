-- Every replayed row gets an act; rows refused again stand open under the replay's own batch.
insert into quarantine.act (feed, file_sha256, position, sub_position, act, batch_id, order_id, why)
select distinct
    %(feed)s::text, f.sha256, k.position, k.sub_position, 'replayed', %(batch_id)s::bigint, %(order_id)s::bigint, %(why)s::text
from replayed as k
inner join ledger.landing_file as f using (file_id)
