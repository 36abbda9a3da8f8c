"""A company's own kind of rows, and a mart of it, from files beside its contracts: nothing of Hearth is touched."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from unittest import mock

import pytest
from click.testing import CliRunner

from hearth.cli import main
from hearth.contracts.entities import ENTITIES, OURS
from hearth.contracts.loading import REPOSITORY, load_contracts
from hearth.proof import stages
from hearth.transform import dbt
from hearth.transform.plan import definition_files
from hearth.warehouse.migrate import migrate, role_urls
from tests.support.world import ZONE, Warehouse, World, short_build

DAY = datetime(2016, 12, 1, tzinfo=ZONE)
ENTITY = """
entity: heating_bill
title: "Heating bill: what a home owes"
title_zh: 采暖费账单
key: [bill_no]
event: billed_date
columns:
  bill_no: {kind: text, required: true}
  household_id: {kind: text}
  season: {kind: text, required: true}
  billed_date: {kind: date, required: true}
  heated_area_m2: {kind: number, unit: m2, at_least: 5, at_most: 5000}
  charged_cny: {kind: number, unit: CNY, required: true, at_least: 0, at_most: 200000}
  paid_cny: {kind: number, unit: CNY, at_least: 0, at_most: 200000}
  state: {kind: text, choices: [open, paid]}
  payer_name: {kind: text, personal: true}
  remark: {kind: text, note: true}
"""
CONTRACT = """
feed: billing
title: Bills of the charging office
entity: heating_bill
owner: {team: charging office}
source: {kind: sftp, connection: hearth_files, folder: /cases/billing, pattern: "*.csv"}
schedule: {season: "0 6 * * *"}
format: {kind: csv}
time_zone: Asia/Shanghai
arrival: file
columns:
  bill_no: 账单号
  household_id: 户号
  season: 采暖季
  billed_date: {from: 开单日期, formats: ["%d/%m/%Y"]}
  heated_area_m2: {from: 面积, unit: m2}
  charged_cny: {from: 应收, unit: CNY, decimal: ","}
  paid_cny: {from: 实收, unit: CNY, decimal: ","}
  state: {from: 状态, values: {未缴: open, 已缴: paid}}
  payer_name: 缴费人
"""
HEADER = "账单号;户号;采暖季;开单日期;面积;应收;实收;状态;缴费人"
FIRST = [
    "1;H1;2016-17;30/11/2016;80;2320,50;0;未缴;王小明",
    "2;H2;2016-17;30/11/2016;100;2900,00;2900,00;已缴;李红",
    "3;H3;2016-17;30/11/2016;90;-5,00;;未缴;赵四",
]
AGAIN = ["1;H1;2016-17;30/11/2016;80;2320,50;1000,25;未缴;王小明"]
MART = """
select season, count(*)::int as bills, sum(charged_cny) as charged_cny, sum(charged_cny - coalesce(paid_cny, 0)) as unpaid_cny
from {{ ref('stg_heating_bill') }}
group by season
"""
MART_TOLD = """
models:
  - name: unpaid_bills
    description: What is charged and not paid, by season.
    columns:
      - {name: season, data_type: text, description: Heating season., data_tests: [not_null]}
      - {name: bills, data_type: integer, description: Bills.}
      - {name: charged_cny, data_type: double precision, description: Charged.}
      - {name: unpaid_cny, data_type: double precision, description: "Charged, and not paid."}
"""


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hearth's feeds with an entity, a contract and a mart of the company's own beside them."""
    folder = tmp_path / "feeds"
    shutil.copytree(REPOSITORY / "feeds", folder)
    for place, text in {
        "billing.yml": CONTRACT.replace("{kind: csv}", '{kind: csv, delimiter: ";"}'),
        "entities/heating_bill.yml": ENTITY,
        "models/marts/unpaid_bills.sql": MART,
        "models/marts/_unpaid_bills.yml": MART_TOLD,
    }.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        (folder / place).write_text(text.lstrip(), encoding="utf-8")
    monkeypatch.setenv("HEARTH_FEEDS", str(folder))
    return folder


@pytest.fixture
def warehouse(world: World, _published: Warehouse, company: Path) -> Iterator[Warehouse]:
    made = _published.copied(world.instance.server, "own_entity", world.instance.home)
    made.variables["HEARTH_FEEDS"] = str(company)
    with made.active():
        engineer = {"HEARTH_WAREHOUSE_URL_ENGINEER": world.instance.environment()["HEARTH_WAREHOUSE_URL_ENGINEER"]}
        with mock.patch.dict(os.environ, engineer):
            migrate(made.url, role_urls())
        yield made
    made.discard(world.instance.server)


def deliver(world: World, name: str, lines: list[str], day: datetime) -> None:
    path = world.instance.city / "files" / "cases" / "billing" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    os.utime(path, (day.timestamp(), day.timestamp()))


def test_bills_become_a_published_mart(world: World, warehouse: Warehouse) -> None:
    deliver(world, "a.csv", FIRST, DAY.replace(hour=8))
    deliver(world, "b.csv", AGAIN, DAY.replace(day=2, hour=8))
    for day, told in ((1, "3 read = 2 loaded + 1 in quarantine + 0 duplicates"), (2, "1 read = 1 loaded + 0 in quarantine")):
        said = CliRunner().invoke(main, ["pull", "billing", "--since", f"2016-12-0{day}", "--until", f"2016-12-0{day + 1}"])
        assert said.exit_code == 0 and told in said.output, said.output
    assert warehouse.rows("select first_reason from quarantine.row_open where feed = 'billing'") == [("out_of_range",)]
    assert warehouse.rows("select count(*) from restricted.personal_value where value = '王小明'") == [(1,)]
    assert warehouse.rows("select distinct length(payer_name_hash) from raw.heating_bill") == [(32,)]

    assert warehouse.build(tested=True) is not None
    assert warehouse.rows("select season, bills, charged_cny, unpaid_cny from marts.unpaid_bills") == [
        ("2016-17", 2, 5220.5, 1320.25)
    ]
    published = warehouse.rows("select rows from ledger.publication_part where mart = 'unpaid_bills' order by 1")
    assert published == [(1,)], "sealed, traced and compared as every mart"
    kept = warehouse.rows("select distinct path from ledger.definition where path like '%bill%'")
    assert {path for (path,) in kept} >= {"expectations/heating_bill.yml", "dbt_project/models/marts/own/unpaid_bills.sql"}
    found = stages.reconcile("test", stages.standing_pulls("billing"), load_contracts())
    told = {(check.subject, check.stage): check.outcome for check in found if check.outcome != "equal"}
    assert not told and any(check.subject == "entity heating_bill" and check.stage == "staging" for check in found)


def test_a_mart_whose_test_fails_is_not_published(company: Path, warehouse: Warehouse) -> None:
    (company / "models/tests").mkdir()
    (company / "models/tests/no_bills.sql").write_text("select 1 from {{ ref('unpaid_bills') }} union all select 1\n")
    with short_build(tested=True), pytest.raises(dbt.DbtFailed, match="no_bills"):
        dbt.run_dbt(["build", "--select", "stg_heating_bill+"], build={"HEARTH_BUILD_ID": "0", "HEARTH_WAITING_FEEDS": ""})


def test_what_is_said_of_an_entity_is_part_of_what_defines_the_marts(company: Path) -> None:
    assert "heating_bill" in ENTITIES and "heating_bill" not in OURS
    files = definition_files()
    assert {"expectations/heating_bill.yml", "dbt_project/models/staging/own/stg_heating_bill.sql"} <= files.keys()
    (company / "models/staging").mkdir()
    (company / "models/staging/stg_heating_bill.sql").write_text("select 1 as mine\n")
    assert definition_files()["dbt_project/models/staging/own/stg_heating_bill.sql"] == b"select 1 as mine\n"
    (company / "models/reports").mkdir()
    (company / "models/reports/x.sql").write_text("select 1\n")
    said = CliRunner().invoke(main, ["entity", "check"])
    assert said.exit_code == 1 and "models/reports/x.sql: expected it in one of the folders staging" in said.output


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("at_least: 5, ", ""), r"heating_bill.yml:11: columns.heated_area_m2: a number needs its limits"),
        (("key: [bill_no]", "key: [bill]"), r":4: key: bill has to be one of the columns"),
        (("event: billed_date", "event: season"), r":5: event: season has to be a date or an instant, came text"),
        (("  remark:", "  batch_id:"), r":16: columns.batch_id: every table has a column of this name already"),
        (("  remark:", "  Remark:"), r":16: columns.Remark: a name has small letters"),
        (("unit: CNY, required", "unit: yuan, required"), r":12: columns.charged_cny: unit: 'yuan' is not known"),
        (("entity: heating_bill", "entity: household"), r":1: entity 'household' must be named like its file"),
        (("title_zh", "titel_zh"), r":3: titel_zh: unknown key; did you mean 'title_zh'"),
    ],
)
def test_what_is_wrong_in_an_entity_is_told_by_its_line(company: Path, change: tuple[str, str], message: str) -> None:
    path = company / "entities/heating_bill.yml"
    path.write_text(path.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    said = CliRunner().invoke(main, ["entity", "check", str(path)])
    assert said.exit_code == 1
    assert re.search(message, said.output), said.output


def test_a_broken_entity_leaves_the_others_and_every_contract_of_ours(company: Path) -> None:
    (company / "entities/broken.yml").write_text("entity: broken\n")
    assert "broken" not in ENTITIES and "heating_bill" in ENTITIES and "weather" in load_contracts()
