"""Heat lent between the plants by day, from the sound readings of plants and lines."""

from __future__ import annotations

import numpy as np
import pandas as pd

from city.calendar import Season, local_day
from city.truth.observed import Observed
from city.truth.register import Register

_KWH_PER_M3_DEGC = 1.163
_GJ_PER_KWH = 0.0036


def source_exchange(observed: Observed, register: Register) -> pd.DataFrame:
    """One row a season day and pair of plants that exchanged heat; an hour without a temperature has no heat."""
    rows = observed.sources
    if rows.empty:
        return pd.DataFrame()
    hours = rows.assign(
        day=local_day(rows["read_s"].to_numpy()),
        gj=_KWH_PER_M3_DEGC * rows["flow"] * (rows["supply"] - rows["back"]) * _GJ_PER_KWH,
        difference=rows["supply"] - rows["back"],
    )
    plants, lines = hours[hours["kind"] == "plant"], hours[(hours["kind"] == "tie") & hours["gj"].notna() & (hours["gj"] != 0)]
    ahead = (lines["gj"] > 0).to_numpy()
    lines = lines.assign(
        lender=np.where(ahead, lines["from_plant"], lines["to_plant"]),
        borrower=np.where(ahead, lines["to_plant"], lines["from_plant"]),
        lent=lines["gj"].abs(),
    )
    states = plants.set_index(["source_id", "read_s"])["state"].to_dict()
    still = [states.get(key, "running") != "running" for key in zip(lines["borrower"], lines["read_s"], strict=True)]
    lines = lines.assign(still=np.array(still, dtype=bool) * lines["lent"])
    pairs = lines.groupby(["day", "lender", "borrower"], as_index=False).agg(
        lent_gj=("lent", "sum"), lending_hours=("lent", "size"), supply_return_degc=("difference", "mean"),
        lent_in_outage_gj=("still", "sum"),
    )  # fmt: skip
    output = plants.groupby(["day", "source_id"])["gj"].sum(min_count=1)
    net = output.add(lines.groupby(["day", "borrower"])["lent"].sum().rename_axis(["day", "source_id"]), fill_value=0)
    net = net.sub(lines.groupby(["day", "lender"])["lent"].sum().rename_axis(["day", "source_id"]), fill_value=0)
    pairs["lender_output_gj"] = [output.get(key, np.nan) for key in zip(pairs["day"], pairs["lender"], strict=True)]
    pairs["borrower_delivered_gj"] = [net.get(key, np.nan) for key in zip(pairs["day"], pairs["borrower"], strict=True)]
    for name, state in (("planned", "planned_outage"), ("unplanned", "outage")):
        count = plants[plants["state"] == state].groupby(["day", "source_id"]).size()
        keys = zip(pairs["day"], pairs["borrower"], strict=True)
        pairs[f"borrower_{name}_outage_hours"] = [int(count.get(key, 0)) for key in keys]
    pairs = pairs.rename(columns={"lender": "lender_plant_id", "borrower": "borrower_plant_id"})
    return pd.concat([_of_season(pairs, season, observed, register) for season in observed.seasons], ignore_index=True)


def _of_season(pairs: pd.DataFrame, season: Season, observed: Observed, register: Register) -> pd.DataFrame:
    mine = pairs[(pairs["day"] >= season.first_day) & (pairs["day"] <= observed.last_day(season))]
    served = register.served_counts(season)["station"]
    plant = register.stations.rows.drop_duplicates("station_id", keep="last").set_index("station_id")["plant_id"]
    behind = plant.reindex(register.unit_ids("station")).to_numpy()
    homes = [
        int(served[behind == borrower, day - season.first_day].sum())
        for day, borrower in zip(mine["day"], mine["borrower_plant_id"], strict=True)
    ]
    return mine.assign(season=season.code, borrower_households=homes)
