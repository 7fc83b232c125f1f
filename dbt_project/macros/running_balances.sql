{# Balances that are the running sum of a measure, such as what is owed: report table `x` has a relation
   `x_balances` beside it, with the same rows. Of each it has the measure and its sum up to the day, leaf by
   leaf; the leaf is the key without the day. It is a function of the report table alone, and changes in the
   transaction that replaces days (docs/adr/0033). #}

{% macro balances_of(report_table) -%}
    reporting.{{ report_table }}_balances
{%- endmacro %}

{# A column of a leaf as indexes have it: a null is the id of zeros. `report_definitions.leaves` writes the
   same expression. #}
{% macro leaf_key(column) -%}
    coalesce({{ column }}, cast('00000000-0000-0000-0000-000000000000' as uuid))
{%- endmacro %}

{# The leaf of a report table, as columns of the relation with this alias; `as_keys`: as indexes have them. #}
{% macro leaf_columns(report_table, alias='', as_keys=true) -%}
    {%- set prefix = alias ~ '.' if alias else '' -%}
    {%- set not_null = not_null_columns(report_table) -%}
    {%- set columns = [prefix ~ 'organization_id'] -%}
    {%- for name in column_names(report_table, ['key']) if name not in ['organization_id', 'date'] -%}
        {%- set is_key = as_keys and name not in not_null -%}
        {%- do columns.append(leaf_key(prefix ~ name) if is_key else prefix ~ name) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}

{# The measures of which a report table has running sums. #}
{% macro running_sums_of(node) -%}
    {{ return(node.config.get('meta', {}).get('running_sums', [])) }}
{%- endmacro %}

{# True on the rows of two relations that have the same leaf. #}
{% macro same_leaf(report_table, one, other) -%}
    {%- set others = leaf_columns(report_table, other) -%}
    {%- for key in leaf_columns(report_table, one) -%}
        {{ ' and ' if not loop.first }}{{ key }} = {{ others[loop.index0] }}
    {%- endfor -%}
{%- endmacro %}

{# A running balance of each row of a relation that has the leaf and the day of a report table. It is looked
   up by key where a query shows it; a join would make the planner read all balances of the leaf. #}
{% macro running_balance(report_table, rows, balance) -%}
    (
        select cast(balances.{{ balance }} as bigint)
        from {{ balances_of(report_table) }} as balances
        where
            {{ same_leaf(report_table, 'balances', rows) }}
            and balances.date = {{ rows }}.date
    )
{%- endmacro %}

{# Renews the balances from the first day on which a measure of the leaf changed. It runs after the days are
   replaced. Builds of different days do this one after the other, each at its end, so that the later one
   reads the rows of the earlier one. A balance is numeric here, so that one that leaves 64 bits stops no
   other: `figures_fit` finds it, and a report that shows it fails. #}
{% macro renew_running_balances(target, node) -%}
    {%- set sums = running_sums_of(node) -%}
    {%- if sums and var('days', []) -%}
    {%- set leaf = leaf_columns(node.name, as_keys=false) | join(', ') -%}
    select pg_advisory_xact_lock(hashtext('{{ node.name }}_balances'));
    create temporary table changed_leaves on commit drop as
    select {{ leaf }}, min(date) as first_day
    from (
        select {{ leaf }}, date
        from (
            select {{ leaf }}, date, 1 as side{{ measures_of_balances(sums) }}
            from {{ target }}
            where {{ in_days('date') }}
            union all
            select {{ leaf }}, date, -1 as side{{ measures_of_balances(sums) }}
            from {{ balances_of(node.name) }}
            where {{ in_days('date') }}
        ) as now_and_before
        group by {{ leaf }}, date, {{ sums | join(', ') }}
        having sum(side) <> 0
    ) as changed_days
    group by {{ leaf }};
    delete from {{ balances_of(node.name) }} as former
    using changed_leaves
    where
        {{ same_leaf(node.name, 'former', 'changed_leaves') }}
        and former.date >= changed_leaves.first_day;
    insert into {{ balances_of(node.name) }} ({{ columns_of_balances(node) }})
    select
        {{ leaf_columns(node.name, 'rows', as_keys=false) | join(', ') }},
        rows.date
        {%- for sum in sums %},
        coalesce(rows.{{ sum }}, 0),
        coalesce(before.{{ closing_of(sum) }}, 0) + sum(coalesce(rows.{{ sum }}, 0)) over leaf_so_far
        {%- endfor %}
    from changed_leaves
    inner join {{ target }} as rows
        on
            {{ same_leaf(node.name, 'rows', 'changed_leaves') }}
            and rows.date >= changed_leaves.first_day
    left join lateral (
        select *
        from {{ balances_of(node.name) }} as balances
        where
            {{ same_leaf(node.name, 'balances', 'changed_leaves') }}
            and balances.date < changed_leaves.first_day
        order by balances.date desc
        limit 1
    ) as before on true
    window leaf_so_far as (
        partition by {{ leaf_columns(node.name, 'rows') | join(', ') }} order by rows.date
    );
    drop table changed_leaves;
    {%- endif -%}
{%- endmacro %}

{# Creates the relation of balances of a report table, with the balances of all its rows, and the index
   that finds the last row of a leaf, on both. #}
{% macro keep_balances(target, node) -%}
    {%- set sums = running_sums_of(node) -%}
    {%- set leaf = leaf_columns(node.name) | join(', ') -%}
    {%- if sums or column_names(node.name, ['balance']) -%}
    create index if not exists {{ node.name }}_leaf_date_idx on {{ target }} ({{ leaf }}, date);
    {%- endif -%}
    {%- if sums %}
    {#- An index answers alone only if it has the columns of its expressions too. #}
    {%- set included = [] -%}
    {%- for name in leaf_columns(node.name, as_keys=false) if name not in leaf_columns(node.name) -%}
        {%- do included.append(name) -%}
    {%- endfor -%}
    {%- for sum in sums %}{% do included.append(closing_of(sum)) %}{% endfor %}
    if to_regclass('{{ balances_of(node.name) }}') is null then
        create table {{ balances_of(node.name) }} as
        select
            {{ leaf_columns(node.name, as_keys=false) | join(', ') }},
            date
            {%- for sum in sums %},
            coalesce({{ sum }}, 0) as {{ sum }},
            sum(coalesce({{ sum }}, 0)) over leaf_so_far as {{ closing_of(sum) }}
            {%- endfor %}
        from {{ target }}
        window leaf_so_far as (partition by {{ leaf }} order by date);
        create unique index {{ node.name }}_balances_leaf_date_idx
            on {{ balances_of(node.name) }} ({{ leaf }}, date)
            include ({{ included | join(', ') }});
        create index {{ node.name }}_balances_date_idx on {{ balances_of(node.name) }} (date);
    end if;
    {%- endif -%}
{%- endmacro %}

{# The balance of a running sum: payable_change_minor -> payable_closing_minor. #}
{% macro closing_of(sum) -%}
    {{ return(sum | replace('change', 'closing')) }}
{%- endmacro %}

{% macro measures_of_balances(sums) -%}
    {%- for sum in sums %}, coalesce({{ sum }}, 0) as {{ sum }}{% endfor -%}
{%- endmacro %}

{% macro columns_of_balances(node) -%}
    {{ leaf_columns(node.name, as_keys=false) | join(', ') }}, date
    {%- for sum in running_sums_of(node) %}, {{ sum }}, {{ closing_of(sum) }}{% endfor -%}
{%- endmacro %}
