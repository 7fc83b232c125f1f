-- Rows of the sources that are set aside and that the report table lacks on the days, per organisation, event
-- and source table. Where money is missing they are errors, otherwise they warn.
select
    days.day,
    lacking.severity,
    lacking.organization_id,
    lacking.event_id,
    (array_agg(lacking.row_id order by lacking.row_id))[1] as row_id,
    lacking.source_table,
    (array_agg(lacking.reason order by lacking.row_id))[1] as reason,
    null::text as currency,
    0 as expected,
    count(*) as found
from unnest(%(days)s::date[]) as days (day)
inner join reporting.set_aside_rows as lacking
    on
        days.day >= lacking.first_day
        and (lacking.last_day is null or days.day <= lacking.last_day)
where lacking.report_table = %(table_name)s
group by days.day, lacking.severity, lacking.organization_id, lacking.event_id, lacking.source_table
