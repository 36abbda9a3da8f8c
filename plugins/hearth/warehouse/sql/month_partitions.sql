-- Monthly partitions by arrival; runs with the owner's rights so that the loader needs no right to create.
create or replace function raw.ensure_month_partitions(entity text, first timestamptz, beyond timestamptz)
returns integer language plpgsql security definer set search_path = raw, pg_temp as $$
declare
    month timestamptz := date_trunc('month', first at time zone 'UTC') at time zone 'UTC';
    next_month timestamptz;
    name text;
    made integer := 0;
begin
    if not exists (select from pg_partitioned_table p join pg_class c on c.oid = p.partrelid
                   join pg_namespace n on n.oid = c.relnamespace
                   where n.nspname = 'raw' and c.relname = entity) then
        return 0;
    end if;
    perform pg_advisory_xact_lock(hashtext('raw.partitions'));
    while month < beyond loop
        next_month := (date_trunc('month', month at time zone 'UTC') + interval '1 month') at time zone 'UTC';
        name := format('%s_%s', entity, to_char(month at time zone 'UTC', 'YYYYMM'));
        if to_regclass(format('raw.%I', name)) is null then
            -- Attaching leaves readers and other loads alone; `create table ... partition of` would lock them all out.
            execute format('create table raw.%I (like raw.%I including all)', name, entity);
            execute format('alter table raw.%I attach partition raw.%I for values from (%L) to (%L)',
                           entity, name, month, next_month);
            made := made + 1;
        end if;
        month := next_month;
    end loop;
    return made;
end $$;
revoke all on function raw.ensure_month_partitions(text, timestamptz, timestamptz) from public;
