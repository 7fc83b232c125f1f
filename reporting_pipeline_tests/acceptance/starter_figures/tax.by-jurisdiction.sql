select
    tax_jurisdiction,
    tax_rate,
    currency,
    sum(taxable_minor),
    sum(tax_minor),
    sum(refund_tax_minor),
    sum(chargeback_tax_minor),
    sum(chargeback_reversal_tax_minor),
    sum(tax_minor - refund_tax_minor - chargeback_tax_minor + chargeback_reversal_tax_minor),
    sum(
        taxable_minor - refund_taxable_minor - chargeback_taxable_minor
        + chargeback_reversal_taxable_minor
    ),
    sum(unknown_taxable_count)
from reporting.report_tax_daily
where
    organization_id = %(organization_id)s and date < %(end)s
    and (%(first)s::date is null or date >= %(first)s)
group by tax_jurisdiction, tax_rate, currency
order by currency, tax_jurisdiction nulls first, tax_rate nulls first
