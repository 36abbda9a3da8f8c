"""One load of one pull: `python -m local.bench.one_load FEED PULL_ID` prints {seconds, rows, peak_mib}."""

from __future__ import annotations

import json
import resource
import sys
import time


def main(feed: str, pull_id: str) -> None:
    import airflow.sdk  # noqa: F401  # a task has it before its work begins

    from hearth.contracts.loading import find_contract
    from hearth.intake import take_in
    from hearth.landing.store import LandingStore

    assert LandingStore().root  # the layer of file systems comes with its first use

    contract = find_contract(feed)
    begun = time.monotonic()
    counts = take_in.clean_validate_load(contract, int(pull_id), "bench")
    seconds = time.monotonic() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seconds": seconds, "rows": counts["rows_read"], "peak_mib": peak}))


if __name__ == "__main__":
    main(*sys.argv[1:])
