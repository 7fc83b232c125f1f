{# Common table expressions that end with `counted_scans`: the scans that stand among the copies of
   some uploads, one row each. They read by key alone, from the uploads on: a day's few, or an
   event's.

   `uploads` names an expression of distinct `device_id` and `device_sequence`. Of a ticket whose
   admission matters it must hold all uploads of accepted entries.

   Columns besides those of the scan: `copy_count`; `ticket_type_id` and `is_admission`, null where
   the ticket is not known; `is_revert`: it takes another scan back; `is_taken_back`; `is_exit`;
   `is_entry`: an entry of a ticket of an admission type; `entry_number`: of entries, 1 is the
   ticket's first, its admission. #}
{% macro counted_scans(uploads) -%}
copies as (
    select
        {{ scan_columns('scans') }},
        {{ is_revert('scans') }} as is_revert,
        count(*) over (partition by scans.device_id, scans.device_sequence) as copy_count,
        row_number() over (
            partition by scans.device_id, scans.device_sequence
            order by scans.received_at, scans.scan_id
        ) = 1 as is_standing
    from {{ uploads }} as uploads
    inner join {{ ref('stg_scanning__scans') }} as scans
        on uploads.device_id = scans.device_id and uploads.device_sequence = scans.device_sequence
),

uploads_taken_back as (
    select distinct
        copies.device_id,
        copies.device_sequence
    from copies
    inner join {{ ref('stg_scanning__scans') }} as reverts on copies.scan_id = reverts.reverts_scan_id
    where
        reverts.outcome = 'accepted'
        and {{ is_received_first('reverts') }}
),

standing_scans as (
    select
        copies.*,
        tickets.ticket_type_id,
        ticket_types.is_admission,
        copies.outcome = 'accepted'
        and not copies.is_revert
        and uploads_taken_back.device_id is not null as is_taken_back
    from copies
    left join uploads_taken_back
        on
            copies.device_id = uploads_taken_back.device_id
            and copies.device_sequence = uploads_taken_back.device_sequence
    left join {{ ref('stg_ticketing__tickets') }} as tickets on copies.ticket_id = tickets.ticket_id
    left join {{ ref('stg_ticketing__ticket_types') }} as ticket_types
        on tickets.ticket_type_id = ticket_types.ticket_type_id
    where copies.is_standing
),

judged_scans as (
    select
        *,
        {{ scan_judgement() }}
    from standing_scans
),

counted_scans as (
    select
        *,
        row_number() over (
            partition by ticket_id, is_entry
            order by {{ entry_order('judged_scans') }}
        ) as entry_number
    from judged_scans
)
{%- endmacro %}

{# What scans say of attendance, each figure defined once: every figure of `report_attendance_daily`.
   It expects the columns of `counted_scans` under the alias `scans`. `figure` is `sum_where`, or
   `value_where` for what one scan adds to the sum. #}
{% macro attendance_figures(figure=sum_where) -%}
    {{ figure('1', 'true') }} as scan_count,
    {{ figure('1', "scans.outcome = 'accepted'") }} as accepted_count,
    {{ figure('1', "scans.outcome = 'rejected'") }} as rejected_count,
    {{ figure('1', "scans.reject_reason = 'already_used'") }} as rejected_already_used_count,
    {{ figure('1', "scans.reject_reason = 'unknown'") }} as rejected_unknown_count,
    {{ figure('1', "scans.reject_reason = 'cancelled'") }} as rejected_cancelled_count,
    {{ figure('1', "scans.reject_reason = 'unpaid'") }} as rejected_unpaid_count,
    {{ figure('1', "scans.reject_reason = 'wrong_gate'") }} as rejected_wrong_gate_count,
    {{ figure('1', "scans.reject_reason = 'wrong_time'") }} as rejected_wrong_time_count,
    {{ figure('1', "scans.reject_reason = 'blocked'") }} as rejected_blocked_count,
    {{ figure('1', "scans.reject_reason = 'error'") }} as rejected_error_count,
    {{ figure('1', 'scans.is_entry and scans.entry_number = 1') }} as admission_count,
    {{ figure('1', 'scans.is_entry and scans.entry_number > 1') }} as reentry_count,
    {{ figure('1', 'scans.is_exit') }} as exit_count,
    {{ figure('1', 'scans.is_taken_back') }} as reverted_count,
    {{ figure('1', 'scans.is_offline') }} as offline_count,
    {{ figure('1', "scans.received_at > scans.scanned_at + interval '2 minutes'") }} as late_count,
    {{ figure('scans.copy_count - 1', 'true') }} as repeated_upload_count
{%- endmacro %}

{# Whether a scan that stands is the entry of a ticket of an admission type, and whether it is an exit. #}
{% macro scan_judgement() -%}
    outcome = 'accepted'
    and direction = 'entry'
    and coalesce(is_admission, false)
    and not is_revert
    and not is_taken_back as is_entry,
    outcome = 'accepted' and direction = 'exit' and not is_revert and not is_taken_back as is_exit
{%- endmacro %}

{# All columns of an upload, of one source or another. #}
{% macro scan_columns(scans) -%}
    {{ scans }}.scan_id,
    {{ scans }}.event_id,
    {{ scans }}.gate_id,
    {{ scans }}.device_id,
    {{ scans }}.device_sequence,
    {{ scans }}.ticket_id,
    {{ scans }}.direction,
    {{ scans }}.outcome,
    {{ scans }}.reject_reason,
    {{ scans }}.is_offline,
    {{ scans }}.scanned_at,
    {{ scans }}.received_at,
    {{ scans }}.reverts_scan_id,
    {{ scans }}.report_day
{%- endmacro %}

{# Whether a scan takes another one back. #}
{% macro is_revert(scans) -%}
    {{ scans }}.outcome = 'accepted' and {{ scans }}.reverts_scan_id is not null
{%- endmacro %}

{# Whether a scan is the one of its repeated uploads that stands: received first, then the least id. #}
{% macro is_received_first(scans) -%}
    not exists (
        select 1
        from {{ ref('stg_scanning__scans') }} as earlier
        where
            earlier.device_id = {{ scans }}.device_id
            and earlier.device_sequence = {{ scans }}.device_sequence
            and (earlier.received_at, earlier.scan_id) < ({{ scans }}.received_at, {{ scans }}.scan_id)
    )
{%- endmacro %}

{# Which of a ticket's entries is its first. #}
{% macro entry_order(scans) -%}
    {{ scans }}.scanned_at, {{ scans }}.received_at, {{ scans }}.scan_id
{%- endmacro %}
