"""Cron expressions as Airflow reads them, checked without importing it: by the reader it uses itself."""

from __future__ import annotations

from datetime import datetime

AIRFLOWS_OWN = {"@quarterly": "0 0 1 */3 *"}
FIELDS = "minute hour day month weekday"


def known_cron(text: str) -> str:
    """The expression itself. Raises ValueError where Airflow could not read it, or would never run it.

    Of six fields Airflow takes the last for seconds, other systems the first: neither is meant by a feed.
    """
    from croniter import CroniterBadDateError, CroniterError, croniter

    example = f'expected the five fields {FIELDS}, such as "0 0 * * *" (every midnight) or "30 6 * * 1-5"'
    if not text.startswith("@") and len(text.split()) != 5:
        raise ValueError(f"{text!r} is no cron; {example}")
    try:
        croniter(AIRFLOWS_OWN.get(text, text), datetime(2020, 1, 1)).get_next(datetime)
    except CroniterBadDateError as error:
        raise ValueError(f"{text!r} is a day that never comes; {example}") from error
    except (CroniterError, ValueError, KeyError) as error:
        raise ValueError(f"{text!r} is no cron: {error}; {example}") from error
    return text
