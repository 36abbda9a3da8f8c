update refused as r
set record = c.record
from came as c
where r.record is null and r.file_id = c.file_id and r.position = c.position
