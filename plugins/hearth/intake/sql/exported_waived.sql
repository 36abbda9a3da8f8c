select feed, file_sha256, position, sub_position, act, who, login, acting_for, why, valid_until
from quarantine.act
where act = 'waived'
order by act_id
