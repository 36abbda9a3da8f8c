-- Nothing is erased: a pull that would replace rows by none, or by far fewer, is held until a person decides; and which of the
-- pulls of an interval stands is a person's choice where the newest one should not.
create table ledger.batch_hold (
    hold_id bigint generated always as identity primary key,
    feed text not null,
    pull_id bigint not null unique references ledger.pull,
    run_id text not null,
    rows_before bigint not null check (rows_before > 0),
    rows_now bigint not null check (rows_now >= 0 and rows_now < rows_before),
    rule text not null check (rule <> ''),
    held_at timestamptz not null default clock_timestamp()
);
comment on table ledger.batch_hold is
    'pulls that were not loaded because they would have taken away what stood: rows_before stand, rows_now would take their place';

create table ledger.hold_decision (
    hold_id bigint primary key references ledger.batch_hold,
    decision text not null check (decision in ('accepted', 'refused')),
    why text not null check (why <> ''),
    who text not null check (who <> ''),
    at timestamptz not null default clock_timestamp()
);
comment on table ledger.hold_decision is 'accepted: the source has really less now; refused: what stood stays, this pull is never loaded';

create table ledger.pull_choice (
    choice_id bigint generated always as identity primary key,
    pull_id bigint not null references ledger.pull,
    after_pull_id bigint not null references ledger.pull,
    why text not null check (why <> ''),
    who text not null check (who <> ''),
    at timestamptz not null default clock_timestamp()
);
comment on table ledger.pull_choice is
    'an earlier pull stands again, in the place right after the newest pull there was then; a pull made later replaces it as ever';

create view ledger.pull_order as
select
    p.pull_id,
    p.feed,
    coalesce(c.after_pull_id, p.pull_id) as place,
    coalesce(c.choice_id, 0) as choice
from ledger.pull as p
left join lateral (
    select choice_id, after_pull_id from ledger.pull_choice as l where l.pull_id = p.pull_id order by l.choice_id desc limit 1
) as c on true;
comment on view ledger.pull_order is 'which of two pulls of an interval is the newer one: the one with the greater (place, choice)';

create view ledger.hold_state as
select
    h.*,
    p.interval_start,
    p.interval_end,
    case
        when d.decision is not null then d.decision
        when exists (
            select from ledger.batch_current as b
            join ledger.pull_order as other using (pull_id)
            join ledger.pull_order as own on own.pull_id = h.pull_id
            where b.feed = h.feed and b.kind = 'pull' and b.status = 'loaded'
                and b.interval_start <= p.interval_start and b.interval_end >= p.interval_end
                and (other.place, other.choice) > (own.place, own.choice)
        ) then 'overtaken'
        else 'open'
    end as state,
    d.why,
    d.who,
    d.at as decided_at
from ledger.batch_hold as h
join ledger.pull as p using (pull_id)
left join ledger.hold_decision as d using (hold_id);
comment on view ledger.hold_state is 'open: a person has to decide; overtaken: a newer pull of the interval was loaded meanwhile';

do $$
declare t text;
begin
    for t in select unnest(array['batch_hold', 'hold_decision', 'pull_choice']) loop
        execute format('create trigger append_only before update or delete on ledger.%I
                        for each row execute function ledger.forbid_change()', t);
        execute format('create trigger append_only_truncate before truncate on ledger.%I
                        for each statement execute function ledger.forbid_change()', t);
    end loop;
end $$;
