select s.run_id, s.subject, s.step, s.facts ->> 'alive', s.at
from ledger.step as s
where s.outcome = 'started'
    and s.facts ? 'alive'
    and (%(subject)s::text is null or (s.subject = %(subject)s and s.step = %(step)s))
    and not exists (
        select from ledger.step as e
        where e.run_id = s.run_id
            and e.subject = s.subject
            and e.step = s.step
            and e.step_id > s.step_id
            and e.outcome <> 'started'
            and coalesce(e.facts ->> 'alive', s.facts ->> 'alive') = s.facts ->> 'alive'
    )
order by s.step_id
