-- Functions that run SQL given as a text would carry a query past the row-level rules of the dashboards. They belong to the server:
-- only a superuser closes them, once for each database. `hearth migrate` does it where the owner is one.
do $$
declare
    running_sql regprocedure;
begin
    for running_sql in
        select p.oid::regprocedure from pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace and (
            p.proname ~ '^(query|cursor|table|schema|database)_to_xml' or p.proname = 'ts_stat'
            or (p.proname = 'ts_rewrite' and p.pronargs = 2)
        )
    loop
        execute format('revoke execute on function %s from public', running_sql);
    end loop;
end
$$;
