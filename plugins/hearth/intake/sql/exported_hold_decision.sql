select p.manifest, d.decision, d.why, d.who, d.login, d.acting_for, d.at
from ledger.hold_decision as d
inner join ledger.batch_hold as h using (hold_id)
inner join ledger.pull as p using (pull_id)
order by hold_id
