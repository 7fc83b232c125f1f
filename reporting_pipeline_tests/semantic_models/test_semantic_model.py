"""Every figure of a view has the measure that its kind allows."""

from reporting_pipeline.registry.columns import ColumnKind, Unit
from reporting_pipeline.report_definitions.balances import is_opening
from reporting_pipeline.semantic_models.semantic_model import Rule, semantic_models

MODELS = {each.name: each for each in semantic_models()}


def test_every_figure_has_a_measure_but_opening_balances() -> None:
    for model in MODELS.values():
        figures = {each.name for each in model.view.columns if each.kind.is_figure}
        openings = {each.name for each in model.view.columns if is_opening(each)}
        measures = {each.name for each in model.measures if each.rule is not Rule.DISTINCT}

        assert measures == figures - openings


def test_a_balance_with_days_is_never_a_sum() -> None:
    found = {
        (model.name, measure.name): measure.rule
        for model in MODELS.values()
        for measure in model.measures
        if model.day is not None
        and measure.rule is not Rule.DISTINCT
        and model.view.column(measure.column).kind is ColumnKind.BALANCE
    }

    assert set(found.values()) == {Rule.LAST, Rule.ONE_DAY}
    assert found["event_summary", "capacity_count"] is Rule.LAST
    assert found["reconciliation_breaks", "difference_minor"] is Rule.ONE_DAY


def test_money_needs_one_currency() -> None:
    money = [
        measure
        for model in MODELS.values()
        for measure in model.measures
        if measure.unit is Unit.MINOR
    ]

    assert len(money) > 100
    assert all("currency" in measure.single for measure in money)


def test_what_is_not_summed_over_a_column_needs_one_value_of_it() -> None:
    assert MODELS["tax_daily"].measure("taxable_minor").single == ("currency", "tax_jurisdiction")
    assert MODELS["account_statement"].measure("closing_minor").single == (
        "currency",
        "account_kind",
    )


def test_a_ratio_has_its_parts() -> None:
    house_rate = MODELS["event_summary"].measure("house_rate")

    assert house_rate.rule is Rule.RATIO
    assert house_rate.numerator == ("sold_to_date_count", "comped_to_date_count")
    assert house_rate.denominator == ("capacity_count",)


def test_labels_are_different_within_a_view() -> None:
    for model in MODELS.values():
        labels = [each.label for each in model.measures]
        assert len(set(labels)) == len(labels)
