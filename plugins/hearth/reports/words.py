"""What the reasons and outcomes of the ledger mean, in the words of auditors and engineers, in both languages."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """`name` and `name_zh`; `why` the rule is there; `to_do` what usually mends it."""

    name: str
    name_zh: str
    why: str
    to_do: str


REASONS: dict[str, Words] = {
    "batch_held": Words(
        "held with its whole batch", "整批扣留",
        "too few rows of the batch were acceptable, so a change of unit or format is likelier than so many bad rows",
        "look at the other reasons of the rows; correct the contract or the source, then replay",
    ),
    "unreadable_record": Words(
        "record cannot be split into fields", "记录无法解析", "a broken line has no values that could be trusted",
        "ask the source to send it again, or correct the contract's format, then replay",
    ),
    "missing_key": Words(
        "a part of the key is missing", "缺少主键", "without its key nobody knows what the row is about",
        "have the source complete it; its next delivery is a new row",
    ),
    "unreadable_time": Words(
        "time cannot be read", "时间无法识别", "a time that no calendar has cannot be put on a day",
        "add the way of writing to `formats` of the contract, then replay; a day that does not exist needs the source",
    ),
    "unreadable_value": Words(
        "value cannot be read", "数值无法识别", "text where a number is expected is not guessed at",
        "correct unit or format in the contract, then replay; a typing error needs the source",
    ),
    "missing_value": Words(
        "a required value is missing", "缺少必填值", "an empty value is not zero",
        "a device that sends none needs a visit; a value under another name needs the contract",
    ),
    "error_code": Words(
        "an error code stands for the value", "设备故障码", "the device says itself that it did not measure",
        "send somebody to the device; the row stays as evidence",
    ),
    "unknown_code": Words(
        "code is not in the contract", "未知代码", "a code nobody has explained is not translated by guessing",
        "ask the source what it means, add it to `values` of the contract, then replay",
    ),
    "arrived_outside_interval": Words(
        "did not arrive in the interval asked for", "到达时间不在所取区间",
        "it belongs to another interval: loaded here as well it would stand twice, or stay when that one is corrected",
        "a row at the very end: nothing, the next interval brings it; many rows: the source filters by another time than the"
        " contract's `arrival`, or its clock is wrong",
    ),
    "time_after_arrival": Words(
        "later than its own arrival", "时间晚于到达", "what has not happened yet cannot have been measured: a clock is wrong",
        "have the clock set; replay only when the source corrects the times",
    ),
    "time_too_old": Words(
        "implausibly old", "时间过早", "so old an event is a clock that was reset",
        "have the clock set; for an archive raise `max_age_minutes` by a dated row, then replay",
    ),
    "closed_before_created": Words(
        "closed before it was created", "关闭早于创建", "one of the two times is wrong", "have the source corrected",
    ),
    "out_of_range": Words(
        "not physically possible", "超出物理范围", "outside the dated limits a value is a fault of device or unit",
        "one device: send somebody; all rows of a feed: compare `unit` in the contract",
    ),
    "unknown_point": Words(
        "the register does not know the point", "测点未登记", "a reading without a place counts for nobody",
        "load the register; the rows are replayed when it knows the point",
    ),
    "renewal_exceeds_plan": Words(
        "renewed far more than planned", "完成量远超计划", "so many times the plan is a typing error",
        "have the report corrected; a raised plan comes as a new row",
    ),
    "conflicting_duplicate": Words(
        "two records under one key", "同键不同值", "nothing in the batch says which one is right",
        "ask the source which one is right; its next delivery settles it",
    ),
}  # fmt: skip

CLEANING = Words(
    "fields can be read", "字段可读", "a value that cannot be read, is missing or is an error code is not a measurement",
    "see the reasons of the rows",
)  # fmt: skip
SUITES: dict[str, Words] = {
    "batch_gate": Words(
        "most rows of the batch are accepted", "批次闸门",
        "below the limit a change of unit or format is likelier than so many bad rows",
        "held: correct contract or source, then replay; warned: look at the reasons",
    ),
    "marts_acceptance": Words(
        "published figures are possible", "集市验收", "a negative KPI or none at all is a fault of the build", "see runbook",
    ),
    "marts_balance": Words(
        "parts add up to the whole", "集市平衡", "stations that do not add up to the company mean lost or doubled days",
        "see runbook",
    ),
}  # fmt: skip
WATCH = Words(
    "unusual, loaded and shown", "异常提示", "a truly cold room is the worst failure there is and must not vanish",
    "no row is refused; see the worklist of sensors",
)  # fmt: skip
OUTCOMES = {
    "loaded": "loaded 已入库", "held": "held 已扣留", "published": "published 已发布", "not published": "not published 未发布",
    "open": "open 待处理", "waived": "waived 已豁免", "replayed": "replayed 已重放",
    "superseded": "replaced by a later pull 已被替换",
}  # fmt: skip
SEVERITIES = {"critical": "critical 严重", "warning": "warning 警告", "info": "info 提示", "none": "passed 通过"}


def words_of(suite: str, reason: str | None, by_cleaning: bool, severity: str) -> Words:
    """The words for one expectation of a suite."""
    if by_cleaning:
        return CLEANING
    if reason in REASONS:
        return REASONS[reason]
    return SUITES.get(suite) or (WATCH if severity == "warning" else CLEANING)
