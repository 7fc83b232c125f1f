select
    currency,
    sum(face_value_minor),
    sum(addon_minor),
    sum(donation_minor),
    sum(service_fee_minor),
    sum(facility_fee_minor),
    sum(shipping_fee_minor),
    sum(cancellation_fee_minor),
    sum(tax_minor),
    sum(
        face_value_minor + addon_minor + donation_minor + service_fee_minor + facility_fee_minor
        + shipping_fee_minor + cancellation_fee_minor + tax_minor
    ),
    sum(refund_tax_minor),
    sum(chargeback_tax_minor),
    sum(chargeback_reversal_tax_minor)
from reporting.report_revenue_daily
where
    organization_id = %(organization_id)s and date < %(end)s
    and (%(first)s::date is null or date >= %(first)s)
group by currency
order by currency
