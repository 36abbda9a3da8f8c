select p.manifest, a.manifest as after_manifest, c.why, c.who, c.login, c.acting_for, c.at
from ledger.pull_choice as c
inner join ledger.pull as p using (pull_id)
inner join ledger.pull as a on c.after_pull_id = a.pull_id
order by choice_id
