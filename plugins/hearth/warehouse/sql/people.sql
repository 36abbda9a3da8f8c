-- People's logins and the role each acts in.
select m.rolname, g.rolname, m.rolcanlogin
from pg_auth_members as a
inner join pg_roles as m on a.member = m.oid
inner join pg_roles as g on a.roleid = g.oid
where g.rolname = any(%(roles)s) and not m.rolsuper and m.rolname !~ '^hearth_'
order by 1, 2
