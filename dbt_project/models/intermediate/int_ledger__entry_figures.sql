-- Grain: one row per ledger entry, with the amount that it adds to each figure of revenue, in minor
-- units of its currency: credit less debit, or debit less credit, or 0 where it does not count.
with figures as (
    select
        *,
        -- Charges to buyers, by component.
        case when transaction_kind = 'sale' and component = 'face_value' then net_credit_minor else 0 end
            as face_value_minor,
        case when transaction_kind = 'sale' and component = 'addon' then net_credit_minor else 0 end
            as addon_minor,
        case when transaction_kind = 'sale' and component = 'donation' then net_credit_minor else 0 end
            as donation_minor,
        case when transaction_kind = 'sale' and component = 'service_fee' then net_credit_minor else 0 end
            as service_fee_minor,
        case when transaction_kind = 'sale' and component = 'facility_fee' then net_credit_minor else 0 end
            as facility_fee_minor,
        case when transaction_kind = 'sale' and component = 'shipping_fee' then net_credit_minor else 0 end
            as shipping_fee_minor,
        case
            when transaction_kind = 'sale' and component = 'cancellation_fee' then net_credit_minor
            else 0
        end as cancellation_fee_minor,
        case when transaction_kind = 'sale' and component = 'tax' then net_credit_minor else 0 end
            as tax_minor,
        case when transaction_kind = 'sale' and is_buyer_component then net_credit_minor else 0 end
            as gross_minor,
        -- Repayments to buyers.
        case when transaction_kind = 'refund' and component = 'face_value' then -net_credit_minor else 0 end
            as refund_face_value_minor,
        case when transaction_kind = 'refund' and component = 'addon' then -net_credit_minor else 0 end
            as refund_addon_minor,
        case when transaction_kind = 'refund' and component = 'donation' then -net_credit_minor else 0 end
            as refund_donation_minor,
        case
            when
                transaction_kind = 'refund'
                and component in ('service_fee', 'facility_fee', 'shipping_fee', 'cancellation_fee')
                then -net_credit_minor
            else 0
        end as refund_fee_minor,
        case when transaction_kind = 'refund' and component = 'tax' then -net_credit_minor else 0 end
            as refund_tax_minor,
        case when transaction_kind = 'refund' and is_buyer_component then -net_credit_minor else 0 end
            as refund_minor,
        case when transaction_kind = 'chargeback' and is_buyer_component then -net_credit_minor else 0 end
            as chargeback_minor,
        case
            when transaction_kind = 'chargeback_reversal' and is_buyer_component then net_credit_minor
            else 0
        end as chargeback_reversal_minor,
        case when transaction_kind = 'chargeback' and component = 'tax' then -net_credit_minor else 0 end
            as chargeback_tax_minor,
        case
            when transaction_kind = 'chargeback_reversal' and component = 'tax' then net_credit_minor
            else 0
        end as chargeback_reversal_tax_minor,
        -- Gift cards are owed until they are used, so they are no revenue.
        case
            when transaction_kind in ('sale', 'chargeback_reversal') and component = 'gift_card'
                then net_credit_minor
            else 0
        end as gift_card_sold_minor,
        case
            when transaction_kind in ('refund', 'chargeback') and component = 'gift_card'
                then -net_credit_minor
            else 0
        end as gift_card_returned_minor,
        -- Charges to the organiser, in any kind of transaction.
        case
            when account_kind = 'organizer_payable' and component = 'platform_fee' then -net_credit_minor
            else 0
        end as platform_fee_minor,
        case
            when account_kind = 'organizer_payable' and component = 'processing_fee' then -net_credit_minor
            else 0
        end as processing_fee_minor,
        case
            when account_kind = 'organizer_payable' and component = 'chargeback_fee' then -net_credit_minor
            else 0
        end as chargeback_fee_minor,
        case
            when account_kind = 'organizer_payable' and component = 'adjustment' then net_credit_minor
            else 0
        end as adjustment_minor,
        -- Amounts held back from the organiser, and payouts to it.
        case
            when
                account_kind = 'organizer_payable'
                and component = 'reserve'
                and transaction_kind = 'reserve_hold'
                then -net_credit_minor
            else 0
        end as reserve_held_minor,
        case
            when
                account_kind = 'organizer_payable'
                and component = 'reserve'
                and transaction_kind = 'reserve_release'
                then net_credit_minor
            else 0
        end as reserve_released_minor,
        case
            when
                account_kind = 'organizer_payable'
                and component = 'payout'
                and transaction_kind = 'payout'
                then -net_credit_minor
            else 0
        end as payout_minor,
        case
            when
                account_kind = 'organizer_payable'
                and component = 'payout'
                and transaction_kind = 'payout_reversal'
                then net_credit_minor
            else 0
        end as payout_reversal_minor,
        -- Changes of the accounts.
        case when account_kind = 'organizer_payable' then net_credit_minor else 0 end
            as payable_change_minor,
        case when account_kind = 'buyer_receivable' then -net_credit_minor else 0 end
            as receivable_change_minor,
        -- Money in and out, by the account that it passes.
        case
            when
                account_kind = 'psp_clearing'
                and component = 'cash'
                and transaction_kind in ('sale', 'payment', 'chargeback_reversal')
                then -net_credit_minor
            else 0
        end as collected_psp_minor,
        case
            when
                account_kind = 'bank'
                and component = 'cash'
                and transaction_kind in ('sale', 'payment', 'chargeback_reversal')
                then -net_credit_minor
            else 0
        end as collected_bank_minor,
        case
            when
                account_kind = 'gift_card_liability'
                and component = 'cash'
                and transaction_kind in ('sale', 'payment', 'chargeback_reversal')
                then -net_credit_minor
            else 0
        end as collected_gift_card_minor,
        case
            when
                account_kind = 'psp_clearing'
                and component = 'cash'
                and transaction_kind in ('refund', 'repayment', 'chargeback')
                then net_credit_minor
            else 0
        end as repaid_psp_minor,
        case
            when
                account_kind = 'bank'
                and component = 'cash'
                and transaction_kind in ('refund', 'repayment', 'chargeback')
                then net_credit_minor
            else 0
        end as repaid_bank_minor,
        case
            when
                account_kind = 'gift_card_liability'
                and component = 'cash'
                and transaction_kind in ('refund', 'repayment', 'chargeback')
                then net_credit_minor
            else 0
        end as repaid_gift_card_minor,
        case
            when transaction_kind = 'psp_settlement' and account_kind = 'bank' then -net_credit_minor
            else 0
        end as psp_settled_minor,
        case
            when transaction_kind = 'psp_settlement' and component = 'processing_fee' then -net_credit_minor
            else 0
        end as psp_fee_minor
    from {{ ref('int_ledger__entries') }}
)

select
    *, -- noqa: AM04, all columns of the entries
    gross_minor - refund_minor - chargeback_minor + chargeback_reversal_minor as net_revenue_minor,
    collected_psp_minor + collected_bank_minor + collected_gift_card_minor as collected_minor,
    repaid_psp_minor + repaid_bank_minor + repaid_gift_card_minor as repaid_minor,
    cast(1 as bigint) as entry_count
from figures
