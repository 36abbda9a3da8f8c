"""One build from plan to publication: `python -m local.bench.one_build` prints {seconds, steps, peak_mib}."""

from __future__ import annotations

import json
import resource
import time


def main() -> None:
    from hearth.transform import dbt, publish
    from hearth.transform.plan import plan_build

    begun = time.monotonic()
    plan = plan_build("bench")
    if plan is None:
        raise SystemExit("nothing changed: there is nothing to build")
    nodes = dbt.build(plan.build_id, plan.full_refresh)
    built = time.monotonic()
    published = publish.gate_and_publish(plan.build_id, "bench")
    seconds = time.monotonic() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    slow = sorted(((node["seconds"], node["node"]) for node in nodes), reverse=True)
    steps = {"build": built - begun, "publish": seconds - (built - begun)}
    print(json.dumps({"seconds": seconds, "steps": steps, "slow": slow, "peak_mib": peak, "rows": published.rows}))


if __name__ == "__main__":
    main()
