-- In the side table, of a replay: rows whose key is loaded already, by whether the content is the same.
insert into removed
select
    i.part,
    i.row_no,
    case when exists (select {i_content} intersect select {r_content}) then 'known' else 'other_than_known' end
from settled as i
inner join known as r on {i_key} = {r_key}
