"""The three lines as three feeds: defects planted on ticket versions, and the words each source uses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from city.calendar import DAY_S, OFFSET_S, Window, local_day, local_s, local_text
from city.people import addresses, names, phones
from city.streams import Streams, affordable, pick_distinct
from city.tickets import ACCEPTED, CLOSED, COMPLAINT, RATED, ticket_versions

FEED_OF_LINE = {"963963": "hotline_963963", "12345": "city_line_12345", "12319": "city_line_12319"}
_SHARES = {
    "closed_before_created": 0.003,
    "time_after_arrival": 0.002,
    "time_too_old": 0.001,
    "unknown_code": 0.002,
    "conflicting_duplicate": 0.001,
    "duplicate": 0.004,
}
_TEXT_SHARES = {"unreadable_time": 0.002, "missing_key": 0.001}
_FILE_HOUR = 23.5
_STORIES = (
    "家里太冷，测了只有{t}度",
    "暖气不热，老人孩子受不了",
    "请{n}师傅尽快上门，电话{p}",
    "去年也是这样，{n}来过没修好",
    "咨询收费标准",
    "管道漏水",
)


def feed_versions(
    tickets: pd.DataFrame, tangled: pd.DataFrame, household_ids: np.ndarray, streams: Streams, window: Window
) -> dict[str, pd.DataFrame]:
    """Versions of the tickets by feed, inside the window, defects planted and labelled; the tangled ones are left sound."""
    versions = _versions(tickets, household_ids, streams, window, "tickets")
    more = _versions(tangled, household_ids, streams, window, "tickets", "tangled")
    more = more.assign(reason="", duplicate=False, created_text="", ticket_text=more["ticket_no"])
    feeds = {}
    for line, feed in FEED_OF_LINE.items():
        mine = versions[versions["line"] == line].reset_index(drop=True)
        mine = _plant(mine, streams.rng("tickets", "defects", line), textual=line != "963963")
        mine = pd.concat([mine, more[more["line"] == line]], ignore_index=True)
        feeds[feed] = mine.sort_values(["arrival_s", "updated_s"], kind="stable").reset_index(drop=True)
    return feeds


def _versions(tickets: pd.DataFrame, household_ids: np.ndarray, streams: Streams, window: Window, *name: str) -> pd.DataFrame:
    """What each source would send, inside the window; random numbers by the name."""
    rng = streams.rng(*name, "people")
    tickets = tickets.copy()
    count = len(tickets)
    tickets["household_no"] = np.where(tickets["household"] >= 0, household_ids[np.maximum(tickets["household"], 0)], "")
    tickets["name"], tickets["phone"], tickets["address"] = names(rng, count), phones(rng, count), addresses(rng, count)
    tickets["content"] = _contents(tickets, rng)
    versions = _assigned_and_followed_up(ticket_versions(tickets, streams.rng(*name, "versions")))
    versions["arrival_s"] = versions["updated_s"]
    in_file = (versions["line"] == "12319").to_numpy()
    day = local_day(versions["updated_s"].to_numpy())
    versions.loc[in_file, "arrival_s"] = day[in_file] * DAY_S - OFFSET_S + round(_FILE_HOUR * 3600)
    return versions[window.holds(versions["arrival_s"].to_numpy())]


def _assigned_and_followed_up(versions: pd.DataFrame) -> pd.DataFrame:
    """Between acceptance and arrival someone is sent; the satisfaction added after closing comes from a call back."""
    seen = versions["on_site_s"] >= 0
    after = 60 + versions["created_s"] % 1600  # less than the shortest way to the house
    called = (versions["version"] == 4) & (versions["edit"] == RATED)
    return versions.assign(
        assigned_s=np.where(seen, versions["accepted_s"] + after, -1),
        follow_up_s=np.where(called, versions["edited_s"], -1),
        channel=np.where(versions["is_phone"], "phone", np.where(versions["created_s"] % 3 == 0, "wechat", "app")),
    )


def _contents(tickets: pd.DataFrame, rng: np.random.Generator) -> list[str]:
    """Free text; some of it holds names and telephone numbers of people."""
    choice = rng.integers(0, 4, len(tickets))
    choice = np.where(tickets["kind"] == COMPLAINT, choice, 4 + choice % 2)
    warmth = rng.integers(12, 18, len(tickets))
    rows = zip(choice.tolist(), warmth.tolist(), tickets["name"], tickets["phone"], strict=True)
    return [_STORIES[c].format(t=t, n=n, p=p) for c, t, n, p in rows]


def _plant(frame: pd.DataFrame, rng: np.random.Generator, *, textual: bool) -> pd.DataFrame:
    """Spoil ticket versions, one defect each."""
    frame = frame.assign(reason="", duplicate=False, created_text="", ticket_text=frame["ticket_no"])
    if frame.empty:
        return frame
    plan = affordable(rng, {**_SHARES, **(_TEXT_SHARES if textual else {})}, len(frame))
    closing = np.flatnonzero(((frame["status"] == CLOSED) & (frame["version"] == 3)).to_numpy())
    picks = pick_distinct(rng, closing, {"closed_before_created": plan.pop("closed_before_created")})
    rest = np.setdiff1d(np.flatnonzero((frame["version"] < 3).to_numpy()), picks["closed_before_created"])
    accepted = np.flatnonzero((frame["status"] == ACCEPTED).to_numpy())
    picks |= pick_distinct(rng, accepted, {"conflicting_duplicate": plan.pop("conflicting_duplicate")})
    picks |= pick_distinct(rng, np.setdiff1d(rest, picks["conflicting_duplicate"]), plan)
    for kind in picks:
        if kind != "duplicate":
            frame.loc[picks[kind], "reason"] = kind
    early = picks["closed_before_created"]
    frame.loc[early, "closed_s"] = frame.loc[early, "stamped_s"] - DAY_S
    ahead = picks["time_after_arrival"]
    frame.loc[ahead, "stamped_s"] = frame.loc[ahead, "arrival_s"] + 2 * DAY_S
    frame.loc[picks["time_too_old"], "stamped_s"] = local_s(0, 8)
    frame.loc[picks["unknown_code"], "category"] = "供电"
    if textual:
        frame.loc[picks["unreadable_time"], "created_text"] = "2016-02-30 25:10:00"
        frame.loc[picks["missing_key"], "ticket_text"] = ""
    pair = frame.loc[picks["conflicting_duplicate"]]
    again = frame.loc[picks["duplicate"]].assign(duplicate=True)
    other = pair.assign(category=np.where(pair["category"] == "其他", "服务", "其他"))
    frame = pd.concat([frame, other, again], ignore_index=True)
    return _lost_tickets(frame, rng)


def _lost_tickets(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A few tickets of one-ticket cases carry an unknown kind in every version, so they never reach a mart."""
    spoiled = set(frame.loc[(frame["reason"] != "") | frame["duplicate"], "ticket_no"])
    whole = frame["alone"] & (frame["kind"] == COMPLAINT) & ~frame["ticket_no"].isin(spoiled)
    lone = frame.loc[whole, "ticket_no"].unique()
    some = min(len(lone) // 20, 1 + len(lone) // 300)
    lost = frame["ticket_no"].isin(set(rng.permutation(lone)[:some]))
    frame.loc[lost, ["kind", "reason"]] = ["表扬", "unknown_code"]
    return frame


def _times(values: pd.Series) -> list[str | None]:
    """Local time texts; None where the time is not known yet."""
    seconds = values.to_numpy()
    text = local_text(np.maximum(seconds, 0)).astype(object)
    text[seconds < 0] = None
    return text.tolist()


def _created(frame: pd.DataFrame) -> list[str]:
    return [override or text or "" for override, text in zip(frame["created_text"], _times(frame["stamped_s"]), strict=True)]


def hotline_table(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Rows of hotline.ticket_log."""
    seat = np.char.zfill(rng.integers(1, 55, len(frame)).astype(str), 2)
    return pd.DataFrame(
        {
            "ticket_no": frame["ticket_text"],
            "version": frame["version"],
            "channel": frame["channel"],
            "kind": frame["kind"],
            "category": frame["category"],
            "status": frame["status"],
            "created_at": _created(frame),
            "accepted_at": _times(frame["accepted_s"]),
            "assigned_at": _times(frame["assigned_s"]),
            "on_site_at": _times(frame["on_site_s"]),
            "solved_at": _times(frame["solved_s"]),
            "closed_at": _times(frame["closed_s"]),
            "follow_up_at": _times(frame["follow_up_s"]),
            "updated_at": _times(frame["updated_s"]),
            "household_no": frame["household_no"].replace("", None),
            "seat_no": _steady(frame, np.char.add("SEAT-", seat)),
            "satisfaction": frame["satisfaction"].astype("Int64").where(frame["satisfaction"] > 0),
            "user_fault": frame["user_fault"],
            "related_no": frame["related_no"].replace("", None),
            "caller_name": frame["name"],
            "caller_phone": frame["phone"],
            "caller_address": frame["address"],
            "content": frame["content"],
        }
    )


def _steady(frame: pd.DataFrame, drawn: np.ndarray) -> np.ndarray:
    """The same value for every row of a ticket."""
    first = pd.Series(drawn).groupby(frame["ticket_no"].to_numpy()).transform("first")
    return first.to_numpy()


def items_12345(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Items of the 12345 platform."""
    columns: dict[str, list[Any]] = {
        "orderNo": frame["ticket_text"].tolist(),
        "version": frame["version"].tolist(),
        "state": frame["status"].tolist(),
        "createTime": _created(frame),
        "acceptTime": _times(frame["accepted_s"]),
        "closeTime": _times(frame["closed_s"]),
        "updateTime": _times(frame["updated_s"]),
        "dept": ["供热集团"] * len(frame),
        "channel": ["电话" if phone else "微信" for phone in frame["is_phone"]],
        "type": frame["kind"].tolist(),
        "category": frame["category"].tolist(),
        "satisfaction": [score or None for score in frame["satisfaction"].tolist()],
        "hotlineNo": [number or None for number in frame["related_no"]],
        "householdNo": [number or None for number in frame["household_no"]],
        "callerType": np.where(frame["enterprise"], "企业", "个人").tolist(),
        "contactName": frame["name"].tolist(),
        "contactPhone": frame["phone"].tolist(),
        "address": frame["address"].tolist(),
        "content": frame["content"].tolist(),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def rows_12319(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of the daily files of 12319, in the order of its columns."""
    return pd.DataFrame(
        {
            "工单编号": frame["ticket_text"],
            "版本": frame["version"],
            "受理时间": _created(frame),
            "办结时间": _times(frame["closed_s"]),
            "更新时间": _times(frame["updated_s"]),
            "类别": frame["kind"],
            "问题": frame["category"],
            "状态": frame["status"],
            "用户编号": frame["household_no"],
            "关联963963单号": frame["related_no"],
            "联系人": frame["name"],
            "电话": frame["phone"],
            "地址": frame["address"],
            "内容": frame["content"],
        }
    )
