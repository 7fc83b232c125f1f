-- Devices whose clock is wrong, by gate and event, on the report day of their scans. On the last day of an
-- event, also the scans whose wrong clock has dated them outside its days, in one row. The clock of the
-- server is believed; a scan made offline may be received much later.
with ending as materialized (
    select
        event.id as event_id,
        landing.report_day(
            least(event.doors_at, event.starts_at, event.rescheduled_from), event.timezone, event.day_cutoff
        ) as first_day,
        landing.report_day(event.ends_at, event.timezone, event.day_cutoff) as last_day
    from landing.ticketing_events as event
    where landing.report_day(event.ends_at, event.timezone, event.day_cutoff) = any(%(days)s)
),

-- For an event: the scans at least a day before its first day, or after its last one.
dated as materialized (
    select
        'device' as grain,
        scan.report_day as day,
        scan.*
    from landing.scanning_scans as scan
    where scan.report_day = any(%(days)s)
    union all
    select
        'event' as grain,
        ending.last_day as day,
        scan.*
    from ending
    inner join landing.scanning_scans as scan
        on ending.event_id = scan.event_id and scan.report_day < ending.first_day - 1
    union all
    select
        'event' as grain,
        ending.last_day as day,
        scan.*
    from ending
    inner join landing.scanning_scans as scan
        on ending.event_id = scan.event_id and scan.report_day > ending.last_day + 1
),

-- A scan made online is received at once. Uploads can be delayed, but hardly all of a device's day.
measured as (
    select
        dated.*,
        event.organization_id,
        least(event.doors_at, event.starts_at, event.rescheduled_from) as opens_at,
        greatest(event.ends_at, event.rescheduled_from) as closes_at,
        dated.received_at - dated.scanned_at as delay,
        min(dated.received_at - dated.scanned_at) filter (where not dated.is_offline) over (
            partition by dated.grain, dated.device_id, dated.report_day
        ) as least_online_delay,
        count(*) filter (where not dated.is_offline) over (
            partition by dated.grain, dated.device_id, dated.report_day
        ) as online_count
    from dated
    inner join landing.ticketing_events as event on dated.event_id = event.id
),

judged as (
    select
        *, -- noqa: AM04
        case
            when delay < -%(tolerance)s::interval then 'ahead'
            when scanned_at > closes_at + %(half_day)s::interval and delay > %(half_day)s::interval
                then 'ahead'
            when scanned_at < opens_at - %(half_day)s::interval and delay > %(half_day)s::interval
                then 'behind'
            when delay > %(longest_upload)s::interval then 'behind'
            when is_offline then null
            when least_online_delay > %(longest_online)s::interval then 'behind'
            when least_online_delay > %(tolerance)s::interval and online_count >= %(enough_online)s
                then 'behind'
        end as clock
    from measured
)

select
    day,
    'warn' as severity,
    organization_id,
    event_id,
    gate_id,
    device_id,
    'device ' || device_id || ' at gate ' || gate_id || ' of event ' || event_id || ': its clock is '
    || clock || ', scans made from '
    || to_char(min(scanned_at) at time zone 'utc', 'YYYY-MM-DD HH24:MI') || ' to '
    || to_char(max(scanned_at) at time zone 'utc', 'YYYY-MM-DD HH24:MI') || ' UTC were received from '
    || to_char(min(received_at) at time zone 'utc', 'YYYY-MM-DD HH24:MI') || ' to '
    || to_char(max(received_at) at time zone 'utc', 'YYYY-MM-DD HH24:MI') || ' UTC' as concerns,
    null::text as currency,
    0 as expected,
    count(*) as found
from judged
where grain = 'device' and clock is not null
group by day, organization_id, event_id, gate_id, device_id, clock
union all
select
    judged.day,
    'warn' as severity,
    judged.organization_id,
    judged.event_id,
    null as gate_id,
    null as device_id,
    'event ' || judged.event_id || ': wrong clocks have dated scans to ' || min(judged.report_day)
    || case
        when min(judged.report_day) < max(judged.report_day) then ' to ' || max(judged.report_day)
        else ''
    end
    || ', outside its days ' || ending.first_day || ' to ' || ending.last_day || '; devices: '
    || count(distinct judged.device_id) as concerns,
    null::text as currency,
    0 as expected,
    count(*) as found
from judged
inner join ending on judged.event_id = ending.event_id
where judged.grain = 'event' and judged.clock is not null
group by judged.day, judged.organization_id, judged.event_id, ending.first_day, ending.last_day
