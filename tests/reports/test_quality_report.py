"""The quality report over a long history: small index, every red cell leads to its words, only what changed is made again."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from hearth.contracts.reasons import PRECEDENCE
from hearth.reports.data_docs import pages_folder
from hearth.reports.quality import build_quality_report
from hearth.reports.words import REASONS
from hearth.warehouse.migrate import ROLES, migrate
from local.postgres import Server

PASSWORD = "for-tests-only"  # pragma: allowlist secret
FEEDS, DAYS = 27, 186
"""27 feeds on 186 days with two suites each: 10,044 validations."""

HISTORY = f"""
insert into ledger.pull (feed, interval_start, interval_end, run_id, source_address, manifest, files, size_bytes)
select 'feed_' || f, timestamptz '2016-10-15 00:00+08' + d * interval '1 day',
    timestamptz '2016-10-16 00:00+08' + d * interval '1 day',
    'run', 'x', 'm', 1, 1 from generate_series(1, {FEEDS}) f, generate_series(0, {DAYS - 1}) d;
insert into ledger.landing_file (pull_id, feed, ordinal, source_name, sha256, size_bytes, stored_as)
select pull_id, feed, 1, '<b>' || feed || '.csv', repeat('ab', 32), 1, 'x' from ledger.pull;
insert into ledger.batch (batch_id, feed, entity, kind, status, interval_start, interval_end, pull_id, run_id, contract_hash,
    suite_hash, rows_read, rows_loaded, rows_quarantined, rows_duplicate)
select pull_id, feed, 'room_reading', 'pull', 'loaded', interval_start, interval_end, pull_id, run_id, repeat('0', 64),
    repeat('0', 64), 100, 98, 2, 0 from ledger.pull;
insert into ledger.validation (batch_id, run_id, subject, suite, suite_hash, success, severity, validated_at, result)
select batch_id, 'run', feed, suite, repeat('0', 64), suite = 'batch_gate' or batch_id % 10 > 0,
    case when suite <> 'batch_gate' and batch_id % 10 = 0 then 'critical' end, interval_end,
    jsonb_build_object('results', jsonb_build_array(jsonb_build_object(
        'expectation', jsonb_build_object('type', 'expect_column_values_to_be_between',
            'description', 'The room temperature is possible.',
            'kwargs', jsonb_build_object('column', 'temperature_degc',
                'max_value', jsonb_build_object('$PARAMETER', 'room_max_degc')),
            'meta', jsonb_build_object('reason', 'out_of_range')),
        'severity', 'critical', 'success', suite = 'batch_gate' or batch_id % 10 > 0, 'element_count', 100, 'unexpected_count', 2,
        'observed_value', null, 'examples', jsonb_build_array(99.5, 85))))
from ledger.batch cross join (values ('room_reading'), ('batch_gate')) s (suite);
insert into quarantine.row (batch_id, feed, entity, file_id, file_sha256, position, sub_position, arrived_at, reasons, first_reason,
    record, subject_id)
select b.batch_id, b.feed, 'room_reading', f.file_id, f.sha256, 17 + n, 0, b.interval_start, '{{out_of_range}}', 'out_of_range',
    '{{"t": 99.5}}', '=P-' || n from ledger.batch b join ledger.landing_file f using (pull_id) cross join generate_series(0, 1) n
    where b.batch_id % 10 = 0;
"""


@pytest.fixture(scope="module")
def history(postgres: Server, module_database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A warehouse with a season of synthetic validations; the pages in a folder of their own."""
    url = module_database()
    name = url.rsplit("/", 1)[1]
    urls = {role: postgres.url(name, f"hearth_{role}", PASSWORD) for role in ROLES}
    migrate(url, urls)
    with psycopg.connect(url) as owner:
        owner.execute(HISTORY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEARTH_PAGES", str(tmp_path_factory.mktemp("pages")))
        for role, address in urls.items():
            patch.setenv(f"HEARTH_WAREHOUSE_URL_{role.upper()}", address)
        yield url


@pytest.fixture(scope="module")
def site(history: str) -> Path:
    begun = time.monotonic()
    index = build_quality_report()
    print(f"first build {time.monotonic() - begun:.1f} s, index {index.stat().st_size / 1000:.0f} kB")
    return index.parent


def written(site: Path) -> dict[str, int]:
    return {path.relative_to(site).as_posix(): path.stat().st_mtime_ns for path in site.rglob("*.html")}


def test_the_index_is_small_and_leads_to_every_month_and_red_day(history: str, site: Path) -> None:
    text = (site / "index.html").read_text(encoding="utf-8")
    assert len(text) < 150_000
    assert re.findall(r'href="months/(\d{4}-\d\d)\.html"', text) == [
        "2017-04", "2017-03", "2017-02", "2017-01", "2016-12", "2016-11", "2016-10",
    ]  # fmt: skip
    for page in (site / "index.html", *site.glob("months/*.html"), *site.glob("feeds/feed_1/*.html")):
        for target, anchor in re.findall(r'href="([^"#]+)(?:#([^"]*))?"', page.read_text(encoding="utf-8")):
            if "dbt-docs" not in target:
                there = (page.parent / target).resolve()
                assert there.exists(), (page, target)
                assert not anchor or f'id="{anchor}"' in there.read_text(encoding="utf-8"), (page, target, anchor)
    cells = sum(page.read_text(encoding="utf-8").count("<td class=") for page in site.glob("months/*.html"))
    assert cells == FEEDS * DAYS, "a cell for every feed and day of the history"


def test_a_red_cell_says_all_an_auditor_asks(history: str, site: Path) -> None:
    with psycopg.connect(history) as owner:
        batch, feed, end = owner.execute(
            "select batch_id, feed, interval_end from ledger.batch where batch_id % 10 = 0 order by 1 limit 1"
        ).fetchone()  # type: ignore[misc]
    text = (site / "feeds" / feed / f"{end:%Y-%m}.html").read_text(encoding="utf-8")
    article = text[text.index(f"batch {batch} ") :]
    article = article[article.index("<article") : article.index("</article>")]
    for words in (
        "The room temperature is possible.", "max_value 40.0 (room_max_degc)", REASONS["out_of_range"].name_zh, "99.5",
        "2 of 100 rows",
        "2 open 待处理", "17.0", "abababab:17.0", "hearth quarantine show", "&lt;b&gt;feed", "=P-0",
    ):  # fmt: skip
        assert words in article, words
    assert "<b>feed" not in article, "what a source wrote is never markup"


def test_data_docs_pages_are_of_the_newest_and_the_ledger_tells_the_others(history: str, site: Path) -> None:
    kept = list(site.glob("validations/**/*.html"))
    assert len(kept) == FEEDS * 2 * 10
    page = kept[0].read_text(encoding="utf-8")
    for target in set(re.findall(r'(?:src|href)="((?:\.\./)+[^"]+)"', page)):
        # Great Expectations counts one folder too few for the small picture of the browser's tab.
        assert target.endswith("favicon.ico") or (kept[0].parent / target).resolve().exists(), target
    old = (site / "feeds" / "feed_1" / "2016-11.html").read_text(encoding="utf-8")
    assert "validations/" not in old and "suite room_reading" in old


def test_one_more_run_makes_only_its_own_pages(history: str, site: Path) -> None:
    before = written(site)
    build_quality_report()
    renewed = {name for name, at in written(site).items() if before.get(name) != at}
    assert all(name.startswith(("months/", "index")) for name in renewed), "nothing happened: no page of a feed is made again"
    with psycopg.connect(history) as owner:
        owner.execute(
            "insert into quarantine.act (feed, file_sha256, position, sub_position, act, who, why)"
            " select feed, file_sha256, position, sub_position, 'waived', 'auditor',"
            " 'seen' from quarantine.row where batch_id = 30 limit 1"
        )
        owner.execute(
            "insert into ledger.validation (batch_id, run_id, subject, suite, suite_hash, success, severity, result)"
            " select batch_id, 'again', subject, suite, suite_hash, success, severity, result from ledger.validation"
            " where subject = 'feed_2' order by validation_id desc limit 1"
        )
    before = written(site)
    begun = time.monotonic()
    build_quality_report()
    print(f"one more run {time.monotonic() - begun:.1f} s")
    after = written(site)
    renewed = {name for name, at in after.items() if before.get(name) != at and name.startswith(("feeds/", "validations/"))}
    assert len([name for name in renewed if name.startswith("validations/")]) == 1
    assert len(before.keys() - after.keys()) == 1, "the eleventh page of its feed and suite is pruned"
    assert {name.split("/")[1] for name in renewed if name.startswith("feeds/")} == {"feed_1", "feed_2"}
    assert pages_folder() == site.parent


def test_every_reason_has_words_in_both_languages() -> None:
    assert set(REASONS) == set(PRECEDENCE)
    for words in REASONS.values():
        assert all(words) and any("\u4e00" <= letter <= "\u9fff" for letter in words.name_zh)
