select feed, interval_start, interval_end, why, who, login, acting_for, at
from ledger.hole_act
order by act_id
