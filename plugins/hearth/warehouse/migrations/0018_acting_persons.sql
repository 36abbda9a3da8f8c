-- Who acted is what the database knows, not what a form says: the login of the session and, where Airflow acts for a person, the
-- user who is logged in there. `who` of older acts stays as it was typed.
create table ledger.replay_order (
    order_id bigint generated always as identity primary key,
    feed text not null,
    reason text,
    who text not null check (who <> ''),
    why text not null check (why <> ''),
    at timestamptz not null default clock_timestamp()
);
comment on table ledger.replay_order is 'a person had the open rows of a feed (all, or those with a reason) run again; the load that does it names the order';

alter table quarantine.act add column order_id bigint references ledger.replay_order;
comment on column quarantine.act.order_id is 'the order a replay carried out; none: Hearth did it by itself, because the register learned a point';

create function ledger.note_person() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    acts_for_others boolean := pg_has_role(session_user, 'hearth_desk', 'usage');
begin
    -- The owner puts back what others did (hearth restore).
    if pg_has_role(session_user, (select datdba from pg_database where datname = current_database()), 'usage') then
        if new.who is null then
            new.who := session_user;
            new.login := session_user;
        end if;
        return new;
    end if;
    if acts_for_others and coalesce(new.acting_for, '') = '' then
        raise insufficient_privilege using
            message = format('%s acts only for a person who is logged in, and none was named', session_user),
            hint = 'Start the run in Airflow as yourself, or use the command line with a login of your own.';
    elsif not acts_for_others and new.acting_for is not null then
        raise insufficient_privilege using
            message = format('%s may not act for %s: it is for Airflow and the pages to say who is logged in there', session_user, new.acting_for),
            hint = 'Act by your own login and leave acting_for empty.';
    elsif not acts_for_others and session_user ~ '^hearth_' then
        raise insufficient_privilege using
            message = format('%s is the login of a part of Hearth, no person''s: it decides nothing', session_user),
            hint = 'Make a login for the person: hearth people add NAME, and put it into HEARTH_WAREHOUSE_URL_ENGINEER.';
    end if;
    new.login := session_user;
    new.who := coalesce(new.acting_for, session_user);
    return new;
end $$;
comment on function ledger.note_person is 'writes who acts into login and who; acting_for is believed of members of hearth_desk alone';

create function ledger.note_replay() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if pg_has_role(session_user, 'hearth_loader', 'usage') then
        new.login := session_user;
        new.acting_for := null;
        new.who := coalesce((select o.who from ledger.replay_order o where o.order_id = new.order_id), 'hearth');
    elsif not pg_has_role(session_user, (select datdba from pg_database where datname = current_database()), 'usage') then
        raise insufficient_privilege using
            message = format('%s may not say that a row was replayed: the load that does it says so', session_user),
            hint = 'Order it: hearth quarantine replay, or the DAG quarantine.';
    end if;
    return new;
end $$;
comment on function ledger.note_replay is 'a replayed row is the act of whoever ordered it, or of Hearth itself';

do $$
declare t text;
begin
    for t in select unnest(array['ledger.replay_order', 'ledger.approval', 'ledger.retention_act', 'quarantine.act']) loop
        execute format('alter table %s add column login text, add column acting_for text', t);
        execute format('comment on column %s.login is ''login of the session, written by the database''', t);
        execute format('comment on column %s.acting_for is ''user logged in at Airflow, for whom the desk acted; none: the login is the person''', t);
        execute format('create trigger note_person before insert on %s for each row %s execute function ledger.note_person()',
                       t, case t when 'quarantine.act' then 'when (new.act <> ''replayed'')' else '' end);
    end loop;
end $$;
create trigger note_replay before insert on quarantine.act
    for each row when (new.act = 'replayed') execute function ledger.note_replay();
create trigger append_only before update or delete on ledger.replay_order for each row execute function ledger.forbid_change();
create trigger append_only_truncate before truncate on ledger.replay_order
    for each statement execute function ledger.forbid_change();

-- Who is no argument any more.
drop function restricted.forget_personal(timestamptz, text, text, text);
create function restricted.forget_personal(before_moment timestamptz, rule_text text, why_text text)
returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    deleted bigint;
begin
    delete from restricted.personal_value p using ledger.batch b
    where p.first_batch_id = b.batch_id and b.committed_at < before_moment;
    get diagnostics deleted = row_count;
    if deleted > 0 then
        insert into ledger.retention_act (subject, rows_deleted, older_than, rule, why)
        values ('personal_value', deleted, before_moment, rule_text, why_text);
    end if;
    return deleted;
end $$;
comment on function restricted.forget_personal is
    'deletes personal values first seen before a moment and records it; whoever may call it need not be able to read them';
revoke all on function restricted.forget_personal(timestamptz, text, text) from public;
