"""Contracts: a wrong one is an error that names file, line and mend."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hearth.contracts.loading import ContractError, load_contract, load_contracts

WEATHER = (Path(__file__).resolve().parents[2] / "feeds" / "weather.yml").read_text(encoding="utf-8")


def test_all_contracts_of_the_repository_load() -> None:
    contracts = load_contracts()
    assert len(contracts) == 28
    assert len({contract.content_hash for contract in contracts.values()}) == 28


@pytest.mark.parametrize(
    ("find", "put", "line_of", "words"),
    [
        ("entity: outdoor", "entityy: outdoor", "entityy:", ["did you mean 'entity'"]),
        ("unit: degC", "unit: degX", "temperature_degc:", ["'degX' cannot become degC", "degF"]),
        ("unit: degC, ", "", "temperature_degc:", ["say the unit as sent", "degF"]),
        ("  observed_at: obsTime\n", "", "columns:", ["no mapping for required observed_at"]),
        ("  observed_at: obsTime", "  observd_at: obsTime", "observd_at:", ["no such column"]),
        ("time_zone: Asia/Shanghai", "time_zone: Asia/Changchun", "time_zone:", ["unknown time zone", "IANA"]),
        ("entity: outdoor_reading", "entity: outdoors", "entity:", ["unknown entity 'outdoors'", "outdoor_reading"]),
        ("next: data.next", "nxt: data.next", "pages:", ["did you mean 'next'"]),
        ("arrival: pubTime", "arrival: file", "feed:", ["only a source of files has one: folder, ftp, mail, s3, sftp"]),
        ("title: Outdoor", "title: A\ntitle: Outdoor", "title: Outdoor", ["given twice"]),
        ("feed: weather", "feed: wether", "feed:", ["must be named like its file"]),
        ("feed: weather", "feed: [weather", "title:", ["not YAML"]),
        ("time_zone:", "in_service: {from: 2016-12-01, to: 2016-11-30}\ntime_zone:", "in_service:", ["is after to 2016-11-30"]),
        ("time_zone:", "in_service: {}\ntime_zone:", "in_service:", ["expected from, to, or both"]),
        ("time_zone:", "no_file: nothing_happened\ntime_zone:", "feed:", ["only a feed of arrival: file"]),
        ("{constant: 60}", "{constant: 60, from: period}", "period_minutes:", ["exactly one of"]),
        ("{constant: 60}", "{constant: 012345}", "period_minutes:", ["012345 without", "a number to YAML", 'quote it: "012345"']),
        ("{constant: 60}", "{constant: 1_000}", "period_minutes:", ['quote it: "1_000"']),
        ("observed_at: obsTime", "observed_at: No", "observed_at:", ["a truth value to YAML", 'quote it: "No"']),
        ("observed_at: obsTime", "observed_at: 12", "observed_at:", ["a number to YAML", 'quote it: "12"']),
        (
            "observed_at: obsTime",
            "observed_at: {constant: 2016-11-01}",
            "observed_at:",
            ["a day to YAML", 'quote it: "2016-11-01"'],
        ),
        ("observed_at: obsTime", "observed_at: {from: obsTime, empty: [0]}", "observed_at:", ['quote it: "0"']),
        (
            "weather_station_id: stationId",
            "weather_station_id: {from: stationId, values: {yes: A}}",
            "weather_station_id:",
            ['"yes"'],
        ),
        ("weather_station_id: stationId", "weather_station_id: {from: stationId, values: {1: A}}", "weather_station_id:", ['"1"']),
        ("weather_station_id: stationId", "weather_station_id: {constant: yes}", "weather_station_id:", ['quote it: "yes"']),
        ("arrival: pubTime", "arrival: {from: pubTime, error_codes: [0]}", "arrival:", ["error_codes are numbers"]),
    ],
)
def test_a_wrong_contract_names_file_line_and_mend(tmp_path: Path, find: str, put: str, line_of: str, words: list[str]) -> None:
    assert find in WEATHER
    path = tmp_path / "weather.yml"
    path.write_text(WEATHER.replace(find, put, 1), encoding="utf-8")
    lines = path.read_text(encoding="utf-8").splitlines()
    number = next(n for n, text in enumerate(lines, 1) if line_of in text)
    with pytest.raises(ContractError) as error:
        load_contract(path)
    message = str(error.value)
    assert f"weather.yml:{number}" in message, message
    for word in words:
        assert word in message, message


@pytest.mark.fault("F39")
def test_code_in_a_contract_is_not_run(tmp_path: Path) -> None:
    ran, path = tmp_path / "ran", tmp_path / "weather.yml"
    for call in (f"!!python/object/apply:os.mkdir ['{ran}']", f"!!python/object/new:os.mkdir ['{ran}']"):
        path.write_text(WEATHER.replace("feed: weather", f"feed: {call}", 1), encoding="utf-8")
        with pytest.raises(ContractError, match="not YAML"):
            load_contract(path)
    assert not ran.exists()


def test_layout_and_comments_do_not_change_a_contracts_hash(tmp_path: Path) -> None:
    path = tmp_path / "weather.yml"
    path.write_text(WEATHER, encoding="utf-8")
    before = load_contract(path).content_hash
    path.write_text("# a comment\n" + WEATHER, encoding="utf-8")
    assert load_contract(path).content_hash == before
    path.write_text(WEATHER.replace("-9999", "-9998"), encoding="utf-8")
    assert load_contract(path).content_hash != before


def test_when_a_feed_was_in_service_is_part_of_what_its_contract_means(tmp_path: Path) -> None:
    path = tmp_path / "weather.yml"
    path.write_text(WEATHER, encoding="utf-8")
    without = load_contract(path)
    unsaid = {"in_service", "no_file"} & set(json.loads(without.content_text))
    assert not unsaid, "contracts that do not say it keep the hash they had before it could be said"
    path.write_text(WEATHER + "in_service: {from: 2016-12-01}\n", encoding="utf-8")
    assert '"in_service": {"from": "2016-12-01", "to": null}' in load_contract(path).content_text


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{kind: folder, connection: c, pattern: x}", "source.folder: is required and missing"),
        ("{kind: folder, connection: c, pattern: x, folder: a/../../b}", "source.folder: 'a/../../b' leads out of the root"),
        ("{kind: ftp, connection: c, pattern: x, folder: /, tsl: true}", "source.tsl: unknown key; did you mean 'tls'?"),
        ("{kind: mail, connection: c, pattern: x}", "source.from: is required and missing"),
        ("{kind: mail, connection: c, pattern: x, from: [a@b], limits: {mail_byte: 1}}", "did you mean 'mail_bytes'"),
        ("{kind: ftps, connection: c, pattern: x, folder: /}", "'sftp'"),
    ],
)
def test_a_wrong_source_of_files_names_its_key(tmp_path: Path, source: str, words: str) -> None:
    path = tmp_path / "weather.yml"
    before, _, after = WEATHER.partition("source:\n")
    path.write_text(f"{before}source: {source}\nschedule:{after.partition('schedule:')[2]}", encoding="utf-8")
    with pytest.raises(ContractError, match=rf"weather\.yml:{before.count(chr(10)) + 1}: ") as error:
        load_contract(path)
    assert words in str(error.value)
