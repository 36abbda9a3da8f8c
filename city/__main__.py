"""Command line of the city: build it, load its databases, serve it."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import click

from city.calendar import SEASONS, SPAN, Unasked, Window

_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def main() -> None:
    """A simulated heating city with known truth."""


@main.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder to build into.")
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--scale", type=float, default=1.0, show_default=True, help="1.0 is a city of 270,000 households.")
@click.option(
    "--seasons",
    "codes",
    multiple=True,
    type=click.Choice([s.code for s in SEASONS]),
    help="Only what arrives around these seasons.",
)
@click.option("--start", type=_DAY, help="First local day on which readings and tickets arrive.")
@click.option("--end", type=_DAY, help="First local day on which nothing arrives any more.")
@click.option("--dense-days", type=int, default=14, show_default=True, help="Last days with 5-minute readings of the systems.")
@click.option(
    "--unasked",
    multiple=True,
    callback=lambda _context, _option, texts: tuple(map(_unasked, texts)),
    metavar="FEED:FROM..TO",
    help="Local days, the last one not counted, for which nobody will ask a line: the truth of complaints does not know them.",
)
@click.option("--quiet", is_flag=True)
def build(
    out: Path,
    seed: int,
    scale: float,
    codes: tuple[str, ...],
    start: datetime | None,
    end: datetime | None,
    dense_days: int,
    unasked: tuple[Unasked, ...],
    quiet: bool,
) -> None:
    """Build the sources, what was planted in them, and the truth."""
    from city.build import build_city

    window = _window(codes, start, end)
    report = (lambda step, seconds: None) if quiet else (lambda step, seconds: click.echo(f"{seconds:7.1f} s  {step}"))
    city = build_city(out, seed, scale, window, report, dense_days, unasked)
    click.echo(json.dumps(city["rows"], ensure_ascii=False))


def _window(codes: tuple[str, ...], start: datetime | None, end: datetime | None) -> Window:
    """The span of arrivals from the options."""
    first, last = SPAN.start, SPAN.end
    if codes:
        chosen = [s for s in SEASONS if s.code in codes]
        first = min(s.start for s in chosen) - timedelta(days=7)
        last = min(max(s.end for s in chosen) + timedelta(days=1), SPAN.end)
    first, last = _later(first, start), (end.date() if end else last)
    if not SPAN.start <= first < last <= SPAN.end:
        raise click.BadParameter(f"arrivals must lie in {SPAN.start} .. {SPAN.end}, got {first} .. {last}")
    return Window(first, last)


def _unasked(text: str) -> Unasked:
    """Lines that are asked for what changed in an interval: of a file the days are known by what it holds."""
    try:
        span = Unasked.parse(text)
    except ValueError as error:
        raise click.BadParameter(f"expected FEED:FROM..TO with days as 2016-01-10, FROM before TO; got {text}") from error
    if span.feed not in ("hotline_963963", "city_line_12345"):
        raise click.BadParameter(f"{span.feed} is not asked by interval; hotline_963963 and city_line_12345 are")
    return span


def _later(first: date, start: datetime | None) -> date:
    return start.date() if start else first


@main.command("load-sql")
@click.option("--dir", "city", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of a built city.")
@click.option(
    "--url",
    required=True,
    envvar="HEARTH_CITY_SOURCES_URL",
    help="postgresql:// address of the database of the sources.",
)
def load_sql(city: Path, url: str) -> None:
    """Fill the hotline, maintenance and register schemas of a PostgreSQL database."""
    from city.sql import load

    click.echo(json.dumps(load(city, url)))


@main.command()
@click.option("--dir", "city", type=click.Path(path_type=Path, exists=True), required=True, help="Folder of a built city.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--http-port", type=int, default=0, show_default=True, help="0 takes a free port.")
@click.option("--sftp-port", type=int, default=0, show_default=True, help="0 takes a free port.")
@click.option("--token-file", type=click.Path(path_type=Path, exists=True), required=True, help="File with the bearer token.")
@click.option("--host-key", type=click.Path(path_type=Path, exists=True), required=True, help="Private key of the SFTP server.")
@click.option("--authorized-key", type=click.Path(path_type=Path, exists=True), required=True, help="Public key that may log in.")
@click.option(
    "--faults",
    type=click.Choice(["on", "off"]),
    default="on",
    show_default=True,
    help="429, 500 and cut bodies now and then.",
)
def serve(
    city: Path,
    host: str,
    http_port: int,
    sftp_port: int,
    token_file: Path,
    host_key: Path,
    authorized_key: Path,
    faults: str,
) -> None:
    """Serve the HTTP and SFTP sources until SIGTERM."""
    import asyncio

    from city.serve import Addresses, Keys, run

    asyncio.run(
        run(
            city,
            Addresses(host, http_port, sftp_port),
            Keys(token_file.read_text().strip(), host_key, authorized_key),
            faults=faults == "on",
        )
    )


if __name__ == "__main__":
    main()
