select at, act, who, why, valid_until, batch_id
from quarantine.act
where feed = %(feed)s and file_sha256 = %(sha256)s and position = %(position)s and sub_position = %(sub_position)s
order by act_id
