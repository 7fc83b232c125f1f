-- A ticket is admitted on the day of its first accepted entry that is not reverted. On each further day
-- its first entry counts as a visit, at any event. Entries are looked up ticket by ticket (`offset 0`): a
-- join would find those of all tickets first.

with entries as (
    select
        admission_entries.*,
        row_number() over (
            partition by admission_entries.ticket_id
            order by admission_entries.scanned_at, admission_entries.received_at, admission_entries.id
        ) as entry_number,
        row_number() over (
            partition by admission_entries.ticket_id, admission_entries.report_day
            order by admission_entries.scanned_at, admission_entries.received_at, admission_entries.id
        ) as day_entry_number
    from attendance_tickets
    inner join lateral (
        select of_ticket.*
        from admission_entries as of_ticket
        where of_ticket.ticket_id = attendance_tickets.id
        offset 0 -- noqa: AM09, see above
    ) as admission_entries on true
)

select
    entries.ticket_id || ' ever' as id,
    entries.id as counted,
    entries.organization_id,
    entries.event_id,
    entries.report_day
from entries
where entries.entry_number = 1
union all
select
    entries.ticket_id || ' on ' || entries.report_day as id,
    entries.id as counted,
    entries.organization_id,
    entries.event_id,
    entries.report_day
from entries
where entries.day_entry_number = 1
