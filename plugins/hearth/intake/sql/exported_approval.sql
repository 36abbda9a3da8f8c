select path, before_sha256, after_sha256, valid_from, who, login, acting_for, why, impact
from ledger.approval
order by approval_id
