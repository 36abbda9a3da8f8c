-- Who decided about a held pull, let an earlier one stand or gave a missing interval up is written by the database, as of every other act (0018).
do $$
declare t text;
begin
    for t in select unnest(array['ledger.hold_decision', 'ledger.pull_choice', 'ledger.hole_act']) loop
        execute format('alter table %s add column login text, add column acting_for text', t);
        execute format('comment on column %s.login is ''login of the session, written by the database''', t);
        execute format('comment on column %s.acting_for is ''user logged in at Airflow, for whom the desk acted; none: the login is the person''', t);
        execute format('create trigger note_person before insert on %s for each row execute function ledger.note_person()', t);
    end loop;
end $$;
