-- The open rows of a feed: those of a reason, the one of a key.
insert into quarantine.act (feed, file_sha256, position, sub_position, act, acting_for, why, valid_until)
select distinct
    q.feed, q.file_sha256, q.position, q.sub_position, 'waived', %(acting_for)s::text, %(why)s, %(until)s::date
from quarantine.row_open as q
where q.feed = %(feed)s
    and (%(reason)s::text is null or %(reason)s = any(q.reasons))
    and (
        %(sha256)s::text is null
        or (q.file_sha256 like %(sha256)s and q.position = %(position)s and q.sub_position = %(sub_position)s)
    )
returning who
