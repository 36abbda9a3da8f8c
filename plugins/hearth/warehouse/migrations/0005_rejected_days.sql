-- What a rejected row is about and the local day it happened: a sensor that sends error codes has no accepted row that tells of it.
alter table quarantine.row add column if not exists subject_id text;
alter table quarantine.row add column if not exists event_date date;
comment on column quarantine.row.subject_id is 'first column of the natural key of the entity, e.g. the measuring point';

create or replace view quarantine.rejected_day as
select r.entity, r.subject_id, r.event_date, r.first_reason, count(*) as rows
from quarantine.row r
join quarantine.row_open o using (batch_id, file_id, position, sub_position)
where r.subject_id is not null and r.event_date is not null
group by r.entity, r.subject_id, r.event_date, r.first_reason;
comment on view quarantine.rejected_day is 'open rejected rows counted by subject, local day and first reason; no record is shown';
