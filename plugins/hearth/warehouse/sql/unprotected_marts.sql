select
    c.relname,
    case
        when not c.relrowsecurity then 'row-level security is off'
        else 'its policies are ' || coalesce(string_agg(p.polname, ', ' order by p.polname), 'gone')
    end
from pg_class as c
left join pg_policy as p on c.oid = p.polrelid
where c.relnamespace = 'marts'::regnamespace and c.relkind in ('r', 'p')
group by c.oid, c.relname, c.relrowsecurity
having not c.relrowsecurity or array_agg(p.polname::text order by p.polname) is distinct from %(policies)s
order by 1
