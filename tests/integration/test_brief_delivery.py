"""The brief and alerts on their way to people: a real mail server and a real HTTP server take them; nothing goes twice."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from click.testing import CliRunner
from pypdf import PdfReader

from hearth.brief import sending, site, words
from hearth.brief.facts import KPIS, Facts, gather
from hearth.cli import main
from hearth.delivery import chat
from hearth.delivery.message import NotConfigured, NotDelivered
from hearth.reports import alerts
from hearth.tasks.brief import send_brief, write_brief
from hearth.warehouse.connections import connect
from tests.support.receivers import ChatServer, MailServer, chat_server, mail_server
from tests.support.world import Warehouse

DAYS = iter(date(2017, 2, day) for day in range(1, 28))
"""A day of its own for each test: what one test delivered is delivered."""


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with mail_server() as (server, connection):
        monkeypatch.setenv("AIRFLOW_CONN_HEARTH_MAIL", connection)
        monkeypatch.setenv("HEARTH_BRIEF_TO", "zhang@heating.example, li@heating.example")
        yield server


@pytest.fixture
def robots(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    with chat_server() as server:
        monkeypatch.setenv(
            "AIRFLOW_CONN_HEARTH_CHAT", server.connection(("/managers", "brief"), ("/all", None), ("/engineers", "alerts"))
        )
        yield server


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HEARTH_PAGES", str(tmp_path / "pages"))
    monkeypatch.setenv("HEARTH_PAGES_URL", "https://pages.example")
    return tmp_path / "pages"


def made(day: date) -> tuple[Facts, Path]:
    with connect("reader") as connection:
        found = gather(connection, day)
    return found, site.write(found, day)


def context(run_type: str = "manual", day: date | None = None) -> dict[str, Any]:
    """What Airflow gives a task, as far as ours look at it."""
    from datetime import UTC, datetime

    run = SimpleNamespace(run_type=SimpleNamespace(value=run_type), run_after=datetime(2017, 4, 7, tzinfo=UTC))
    return {"params": {"day": str(day) if day else None}, "run_id": f"{run_type}__1", "dag_run": run}


def test_a_mail_server_takes_page_and_pdf_with_the_marts_numbers(published: Warehouse, mail: MailServer, pages: Path) -> None:
    day = next(DAYS)
    found, folder = made(day)
    assert sending.send("mail", found, day, folder, "test") == f"mail: brief of {day} sent to 2, 0 had it already"
    received = mail.mails[0]
    assert mail.recipients == [["zhang@heating.example"], ["li@heating.example"]]
    assert received["Subject"] == f"供热晨报 Morning brief {day}"
    body = received.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "室温合格率" in body and "Room compliance" in body and f"https://pages.example/brief/{day}/index.html" in body
    assert "<svg" not in body, "mail programs drop drawings"
    (attached,) = list(received.iter_attachments())
    assert attached.get_filename() == "brief.pdf" and attached.get_content_type() == "application/octet-stream"
    read = re.sub(r"\s+", "", PdfReader(BytesIO(attached.get_content())).pages[0].extract_text())
    for kpi, value in published.rows(
        "select kpi, value from marts.season_kpi where unit_kind = 'company' and heating_date = %s", day
    ):
        shown = f"{value:.1f} {words.NAMES[kpi].unit}"
        assert shown in body and shown.replace(" ", "") in read, (kpi, shown)


def test_a_chat_takes_the_figures_and_each_audience_its_own(published: Warehouse, robots: ChatServer, pages: Path) -> None:
    day = next(DAYS)
    found, folder = made(day)
    assert "sent to 2, 0 had it" in sending.send("chat", found, day, folder, "test")
    assert set(robots.messages) == {"/managers", "/all"}
    (message,) = robots.messages["/managers"]
    assert message["title"] == f"供热晨报 Morning brief {day}"
    for kpi in KPIS:
        assert f"{found.kpis[kpi].value:.1f}" in message["message"] and words.NAMES[kpi].zh in message["message"]
    assert len(message["message"]) < 2000, "WeCom cuts longer ones"


def test_the_same_content_never_goes_twice_and_a_correction_says_so(
    published: Warehouse, mail: MailServer, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = next(DAYS)
    found, folder = made(day)
    sending.send("mail", found, day, folder, "first")
    assert sending.send("mail", found, day, folder, "second") == f"mail: brief of {day} sent to 0, 2 had it already"
    assert len(mail.mails) == 2
    monkeypatch.setattr(words, "figures_sha256", lambda _: "f" * 64)
    sending.send("mail", found, day, folder, "third")
    assert mail.mails[-1]["Subject"] == f"更正 Corrected: 供热晨报 Morning brief {day}"
    rows = published.rows(
        "select channel, left(target, 5), recipients, run_id, publication_id = (select max(publication_id) from ledger.publication)"
        " from ledger.delivery where heating_date = %s order by delivery_id", day,
    )  # fmt: skip
    assert rows == [("mail", "mail ", 1, run, True) for run in ("first", "first", "third", "third")]


def test_a_recipient_whom_the_server_refuses_is_told_and_keeps_the_others_from_nothing(
    published: Warehouse, mail: MailServer, pages: Path
) -> None:
    day = next(DAYS)
    found, folder = made(day)
    mail.unknown.add("li@heating.example")
    with pytest.raises(
        NotDelivered, match=r"1 of 2 not delivered by mail: .*recipient 2 of 2: SMTPRecipientsRefused: .*550"
    ) as told:
        sending.send("mail", found, day, folder, "first")
    assert "li@heating.example" not in str(told.value)
    mail.unknown.clear()
    assert sending.send("mail", found, day, folder, "again") == f"mail: brief of {day} sent to 1, 1 had it already"
    assert mail.recipients == [["zhang@heating.example"], ["li@heating.example"]]


def test_one_robot_that_refuses_is_named_and_the_others_have_it_once(published: Warehouse, robots: ChatServer, pages: Path) -> None:
    day = next(DAYS)
    found, folder = made(day)
    robots.refuse.add("/managers")
    with pytest.raises(NotDelivered, match=r"1 of 2 not delivered by chat: JSON \(json://127.0.0.1:\d+/managers\)"):
        sending.send("chat", found, day, folder, "first")
    assert set(robots.messages) == {"/all"}
    robots.refuse.clear()
    assert "sent to 1, 1 had it already" in sending.send("chat", found, day, folder, "again")
    assert [len(messages) for messages in robots.messages.values()] == [1, 1]


def test_the_tasks_write_then_send_and_a_full_mailbox_is_red_after_the_page(
    published: Warehouse, mail: MailServer, robots: ChatServer, pages: Path
) -> None:
    day = next(DAYS)
    written = write_brief(context(day=day))
    assert written["day"] == str(day) and (pages / "brief" / str(day) / "index.html").exists()
    mail.refuse = True
    with pytest.raises(NotDelivered, match="hearth_mail did not take it: recipient 1 of 2: SMTP"):
        send_brief("mail", written, context())
    assert "sent to 2" in send_brief("chat", written, context()), "one that fails does not stop the other"
    steps = published.rows(
        "select step, outcome from ledger.step where subject = 'morning_brief' and outcome <> 'started'"
        " order by step_id desc limit 2"
    )
    assert steps == [("send_chat", "succeeded"), ("send_mail", "failed")]


def test_a_publication_waits_for_whole_data_and_the_clock_does_not(published: Warehouse, mail: MailServer, pages: Path) -> None:
    written = write_brief(context("asset_triggered"))
    assert (written["asked"], written["is_whole"]) == ("2017-04-06", False), "the newest day lacks a feed"
    with pytest.raises(AirflowSkipException, match="not whole yet"):
        send_brief("mail", written, context("asset_triggered"))
    assert mail.mails == []
    assert "sent to 2" in send_brief("mail", written, context("scheduled"))


def test_without_a_connection_it_is_only_written_and_says_how_to(
    published: Warehouse, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = next(DAYS)
    written = write_brief(context(day=day))
    with pytest.raises(AirflowSkipException, match="there is no connection hearth_mail: add one of type SMTP"):
        send_brief("mail", written, context())
    monkeypatch.setenv("AIRFLOW_CONN_HEARTH_CHAT", "")
    with pytest.raises(AirflowSkipException, match=r"dingtalk://.*docs/how-to/morning-brief.md"):
        send_brief("chat", written, context())
    with mail_server() as (_, connection):
        monkeypatch.setenv("AIRFLOW_CONN_HEARTH_MAIL", connection)
        with pytest.raises(AirflowSkipException, match="nobody is named in HEARTH_BRIEF_TO"):
            send_brief("mail", written, context())


def test_the_command_writes_and_sends(published: Warehouse, mail: MailServer, pages: Path, tmp_path: Path) -> None:
    day = next(DAYS)
    answer = CliRunner().invoke(main, ["brief", "--date", str(day), "--out", str(tmp_path / "out"), "--send"])
    assert answer.exit_code == 0, answer.output
    assert (
        f"{tmp_path}/out/{day}/brief.pdf written" in answer.output and "not sent by chat: there is no connection" in answer.output
    )
    assert len(mail.mails) == 2
    mail.refuse = True
    answer = CliRunner().invoke(main, ["brief", "--date", str(next(DAYS)), "--send"])
    assert answer.exit_code == 1 and "FAILED" in answer.output
    answer = CliRunner().invoke(main, ["brief", "--date", "2016-07-01"])
    assert answer.exit_code == 1 and "the newest one is 2017-04-06" in answer.output


@pytest.mark.parametrize(
    ("address", "service"),
    [
        ("dingtalk://SECsecret0123456789@abcdef0123456789abcdef0123456789/", "DingTalk"),
        ("wecombot://693a91f6-7abc-4bc4-97a0-0ec2sifa5aaa", "WeCom Bot"),
        ("feishu://abcdef0123456789abcdef01", "Feishu"),
        ("lark://abcdef0123456789abcdef01", "Lark (Feishu)"),
    ],
)
def test_addresses_of_chinese_chats_are_understood(address: str, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Understood by the library; their own hosts cannot be reached from a test, so that they take it is not tried here."""
    with chat_server() as server:
        monkeypatch.setenv("AIRFLOW_CONN_HEARTH_CHAT", server.connection((address, "brief")))
    (target,) = chat.targets("brief")
    assert target.name.startswith(service) and "secret" not in target.name.lower() and "abcdef" not in target.name
    with pytest.raises(NotConfigured, match="no address of hearth_chat has the tag 'alerts'"):
        chat.targets("alerts")


def test_an_address_that_is_not_understood_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with chat_server() as server:
        monkeypatch.setenv("AIRFLOW_CONN_HEARTH_CHAT", server.connection(("/a", None), ("dingding://x", None)))
    with pytest.raises(ValueError, match="1 of the 2 addresses of hearth_chat are not understood"):
        chat.targets("brief")


def test_an_alert_carries_the_evidence_to_the_engineers(
    published: Warehouse, mail: MailServer, robots: ChatServer, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hearth.warehouse.ledger import recorded_step

    monkeypatch.setenv("HEARTH_ALERTS_TO", "engineer@heating.example")

    def gate() -> None:
        with recorded_step("run-7", "weather", "load") as facts:
            facts.update(rows_read=120, rows_quarantined=90)
            raise RuntimeError("the gate held <the batch>")

    with pytest.raises(RuntimeError):
        gate()
    instance = SimpleNamespace(
        dag_id="feed_weather", task_id="clean_validate_load", run_id="run-7",
        log_url="https://airflow.example/dags/feed_weather/runs/run-7/tasks/clean_validate_load",
    )  # fmt: skip
    alerts.task_failed({"task_instance": instance, "exception": RuntimeError("the gate held <the batch>")})
    (received,) = mail.mails
    body = received.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert mail.recipients == [["engineer@heating.example"]] and "feed_weather.clean_validate_load" in received["Subject"]
    anchor = "https://pages.example/docs/runbook.html#a-batch-is-held-or-a-file-cannot-be-read"
    for said in (
        "run-7",
        "rows_read 120",
        "rows_quarantined 90",
        "the gate held &lt;the batch&gt;",
        f'href="{instance.log_url}"',
        anchor,
    ):
        assert said in body, said
    assert set(robots.messages) == {"/engineers", "/all"}
    assert anchor in robots.messages["/engineers"][0]["message"]


def test_an_alert_that_cannot_be_sent_stands_in_the_log(
    published: Warehouse, mail: MailServer, robots: ChatServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HEARTH_ALERTS_TO", "engineer@heating.example")
    monkeypatch.setenv("HEARTH_WAREHOUSE_URL_READER", "postgresql://nobody@127.0.0.1:1/none")
    mail.refuse = True
    robots.refuse |= {"/engineers", "/all"}
    instance = SimpleNamespace(dag_id="build_marts", task_id="seal", run_id="r", log_url=None)
    alerts.task_failed({"task_instance": instance, "exception": ValueError("x")})
    assert "RED build_marts.seal" in caplog.text and "could not be asked" in caplog.text
    assert caplog.text.count("alert not delivered") == 3
