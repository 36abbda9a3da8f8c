"""Acts on rejected rows by a form: try today's contract on them, replay them, waive them.

*For whom*: data engineers and the owners of feeds who have no command line.
*When*: by hand: trigger it with feed, act and why; `reason` narrows it to rows with that reason (a waiver needs one),
`until` ends a waiver. The same acts as `hearth quarantine` on the command line, kept in the ledger with why and under
the name you are logged in with. A rejected row is never edited: correct the contract, `try`, then `replay`.
*Run again*: trigger it again; what was done changes nothing a second time.
*When red*: the message says what the form lacked, or that nobody who is logged in started the run; nothing was changed.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Asset, AssetAlias, Param, get_current_context, task

from hearth.contracts.loading import feeds_folder
from hearth.tasks.defaults import task_defaults

with DAG(
    "quarantine",
    schedule=None,
    catchup=False,
    max_active_runs=1,
    tags=["quarantine"],
    doc_md=__doc__,
    params={
        "feed": Param(type="string", enum=sorted(path.stem for path in feeds_folder().glob("*.yml")), title="Feed 数据源"),
        "act": Param("try", type="string", enum=["try", "replay", "waive"], title="Act 操作"),
        "reason": Param(None, type=["null", "string"], title="Reason 原因", description="all open rows without one"),
        "why": Param(type="string", minLength=5, maxLength=2000, title="Why 理由"),
        "until": Param(None, type=["null", "string"], format="date", title="Waived until 豁免至"),
    },
    default_args=task_defaults(retries=0),
):

    @task(outlets=[AssetAlias("replayed")])
    def act_on_rows() -> dict[str, Any]:
        from hearth.tasks.quarantine import act_on_quarantine

        context = get_current_context()
        done, entity = act_on_quarantine(context)
        if done.get("rows_loaded"):
            context["outlet_events"][AssetAlias("replayed")].add(Asset(f"hearth://raw/{entity}"))
        return done

    act_on_rows()
