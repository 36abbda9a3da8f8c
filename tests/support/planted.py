"""Personal values as people write them, in their own fields and by mistake in others, in rows of two feeds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

PLANTED = {
    "a caller's name": "周美华",
    "a name in a field of choices": "王建国",
    "a name in the department": "刘桂兰",
    "a name in the content": "赵铁柱",
    "a name in a measure": "孙秀英",
    "a caller's telephone": "13777777701",
    "a telephone in a field of choices": "13777777702",
    "a telephone in the department": "13777777703",
    "a telephone in the content": "13777777704",
    "a telephone in a measure": "0431-87654321",
    "an address": "解放大路88号2单元301室",
    "an address in a measure": "人民大街5988号7栋2单元502室",
    "an identity number in a remark": "220102198503072216",
}
P = PLANTED
CALLER, PHONE, ADDRESS = P["a caller's name"], P["a caller's telephone"], P["an address"]
TICKET: dict[str, Any] = {
    "orderNo": "12345-PLANTED-1", "version": 1, "state": "已受理", "createTime": "", "acceptTime": None, "closeTime": None,
    "updateTime": "", "dept": "供热集团", "channel": "电话", "type": "投诉", "category": "不热", "satisfaction": None,
    "hotlineNo": None, "householdNo": None, "callerType": "个人", "contactName": CALLER, "contactPhone": PHONE,
    "address": ADDRESS,
    "content": f"我叫{P['a name in the content']}，打{P['a telephone in the content']}，住{ADDRESS}",
}  # fmt: skip
VISIT: dict[str, Any] = {
    "visitNo": "ZF-PLANTED-1", "version": 1, "updateTime": 0, "householdNo": "H0000001", "visitTime": "", "finding": "确认不热",
    "cause": "外网", "measureDue": None, "measureDone": None, "tempBefore": "16.5", "afterTime": None, "tempAfter": None,
    "measure": f"换阀门，联系人：{P['a name in a measure']} {P['a telephone in a measure']}，{P['an address in a measure']}",
    "staffName": "马师傅", "residentPhone": PHONE, "remark": f"身份证{P['an identity number in a remark']}",
}  # fmt: skip


def planted_items(feed: str, at: datetime) -> list[dict[str, Any]]:
    """One row that is accepted and two that are not, so that the values also come to the quarantine."""
    if feed == "city_line_12345":
        good = {**TICKET, "createTime": f"{at:%Y-%m-%d 08:00:01}", "updateTime": f"{at:%Y-%m-%d 09:00:00}"}
        good["dept"] = f"供热集团 {P['a name in the department']}女士 {P['a telephone in the department']}"
        wrong = f"业主{P['a name in a field of choices']}，{P['a telephone in a field of choices']}"
        return [
            good,
            {**good, "orderNo": "12345-PLANTED-2", "category": wrong},
            {**good, "orderNo": "12345-PLANTED-3", "channel": f"微信 {CALLER}", "type": "?"},
        ]
    good = {**VISIT, "updateTime": int(at.timestamp() * 1000) + 3_600_000, "visitTime": at.isoformat()}
    return [
        good,
        {**good, "visitNo": "ZF-PLANTED-2", "finding": f"{CALLER} 不在"},
        {**good, "visitNo": "ZF-PLANTED-3", "cause": P["an address"]},
    ]
