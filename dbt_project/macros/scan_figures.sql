{# The amount that one scan adds to each figure of attendance. Two models use it: one classifies all
   scans of some days at once, the other one looks up each scan. Both select from relations with the
   columns of int_scanning__scans and `upload_count`, `is_taken_back`, and `entry_number` and
   `day_entry_number` among the entries of the ticket and of its day, null where the scan is no entry. #}
{% macro scan_figures() -%}
    cast(1 as bigint) as scan_count,
    cast(case when outcome = 'accepted' then 1 else 0 end as bigint) as accepted_count,
    cast(case when outcome = 'rejected' then 1 else 0 end as bigint) as rejected_count,
    cast(case when reject_reason = 'already_used' then 1 else 0 end as bigint) as rejected_already_used_count,
    cast(case when reject_reason = 'unknown' then 1 else 0 end as bigint) as rejected_unknown_count,
    cast(case when reject_reason = 'cancelled' then 1 else 0 end as bigint) as rejected_cancelled_count,
    cast(case when reject_reason = 'unpaid' then 1 else 0 end as bigint) as rejected_unpaid_count,
    cast(case when reject_reason = 'wrong_gate' then 1 else 0 end as bigint) as rejected_wrong_gate_count,
    cast(case when reject_reason = 'wrong_time' then 1 else 0 end as bigint) as rejected_wrong_time_count,
    cast(case when reject_reason = 'blocked' then 1 else 0 end as bigint) as rejected_blocked_count,
    cast(case when reject_reason = 'error' then 1 else 0 end as bigint) as rejected_error_count,
    cast(case when entry_number = 1 then 1 else 0 end as bigint) as admission_count,
    cast(case when day_entry_number = 1 then 1 else 0 end as bigint) as day_entry_count,
    cast(case when entry_number > 1 then 1 else 0 end as bigint) as reentry_count,
    cast(
        case
            when outcome = 'accepted' and direction = 'exit' and not is_revert and not is_taken_back then 1
            else 0
        end as bigint
    ) as exit_count,
    cast(case when is_taken_back then 1 else 0 end as bigint) as reverted_count,
    cast(case when is_offline then 1 else 0 end as bigint) as offline_count,
    cast(case when received_at > scanned_at + interval '2 minutes' then 1 else 0 end as bigint) as late_count,
    upload_count - 1 as repeated_upload_count
{%- endmacro %}
