"""A limit that holds for all days has one value: a second one is refused before it changes closed seasons."""

from __future__ import annotations

import pytest

from hearth.transform.dbt import DbtFailed

PARTS = ("--select", "+int_limit_period", "standing_limits_have_one_value", "--exclude-resource-type", "unit_test")


def test_a_second_value_of_a_limit_that_holds_for_all_days_is_refused(company):
    company.empty()
    company.dbt("build", *PARTS, full=True)
    company.run("update intermediate.int_limit_period set valid_to = '2016-10-19' where valid_to = '9999-12-31'")
    columns = [name for (name,) in company.rows(
        "select attname::text from pg_attribute where attrelid = 'intermediate.int_limit_period'::regclass and attnum > 2"
    )]  # fmt: skip

    def from_the_next_season_on(**changed: float) -> None:
        company.run("delete from intermediate.int_limit_period where valid_to = '9999-12-31'")
        values = ", ".join(str(changed.get(name, name)) for name in columns)
        company.run(
            "insert into intermediate.int_limit_period"
            f" select '2016-10-20', '9999-12-31', {values} from intermediate.int_limit_period"
        )

    from_the_next_season_on(warning_z=10)
    company.dbt("test", "--select", "standing_limits_have_one_value")
    from_the_next_season_on(curve_days=35)
    with pytest.raises(DbtFailed, match="standing_limits_have_one_value"):
        company.dbt("test", "--select", "standing_limits_have_one_value")
