-- The contents that were approved, and those they took the place of.
select sha256, content
from ledger.definition_file
where sha256 in (select before_sha256 from ledger.approval union select after_sha256 from ledger.approval)
order by 1
