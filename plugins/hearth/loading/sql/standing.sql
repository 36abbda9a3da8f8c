-- In the side table: those of them that nothing took out yet.
create view standing as
select *
from again as i
where not exists (select 1 from removed as r where r.part = i.part and r.row_no = i.row_no)
