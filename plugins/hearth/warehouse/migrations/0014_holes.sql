-- Nothing is missed: intervals a feed's timetable owes and nobody pulled, as they were found, and those a person gave up.
create table ledger.hole (
    feed text not null,
    interval_start timestamptz not null,
    interval_end timestamptz not null,
    run_id text not null,
    found_at timestamptz not null default clock_timestamp(),
    primary key (feed, interval_start, interval_end),
    check (interval_start < interval_end)
);
comment on table ledger.hole is 'an interval the timetable owes that was not loaded when it was looked for; pulled again until it is';

create table ledger.hole_act (
    act_id bigint generated always as identity primary key,
    feed text not null,
    interval_start timestamptz not null,
    interval_end timestamptz not null,
    why text not null check (why <> ''),
    who text not null check (who <> ''),
    at timestamptz not null default clock_timestamp(),
    check (interval_start < interval_end)
);
comment on table ledger.hole_act is 'an interval a person gave up: it is not pulled again by itself, and stays unknown';

create view ledger.known_interval as
select feed, interval_start, interval_end, status as how from ledger.batch_current where kind = 'pull'
union all
select feed, interval_start, interval_end, 'pull held' from ledger.hold_state
union all
select feed, interval_start, interval_end, 'given up' from ledger.hole_act;
comment on view ledger.known_interval is 'intervals that are no hole: loaded, held by their gate, held because they would erase, given up';

create view ledger.hole_open as
select h.feed, h.interval_start, h.interval_end, h.found_at
from ledger.hole as h
where not coalesce((
    select range_agg(tstzrange(k.interval_start, k.interval_end)) @> tstzrange(h.interval_start, h.interval_end)
    from ledger.known_interval as k
    where k.feed = h.feed and k.interval_start < h.interval_end and k.interval_end > h.interval_start
), false);
comment on view ledger.hole_open is 'holes that are still open';

do $$
declare t text;
begin
    for t in select unnest(array['hole', 'hole_act']) loop
        execute format('create trigger append_only before update or delete on ledger.%I
                        for each row execute function ledger.forbid_change()', t);
        execute format('create trigger append_only_truncate before truncate on ledger.%I
                        for each statement execute function ledger.forbid_change()', t);
    end loop;
end $$;
