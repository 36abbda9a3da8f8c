select subject, sha256, stored_as, rows_deleted, older_than, rule, why, who, login, acting_for, at
from ledger.retention_act
where subject = 'landing_file'
order by act_id
