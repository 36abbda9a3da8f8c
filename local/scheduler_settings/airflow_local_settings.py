"""Read by Airflow when it starts, in the scheduler only (its PYTHONPATH has this folder).

Starts the process from which the executor forks its workers at once, beside the scheduler's own start; otherwise the
first task would wait for its imports, and the scheduler with it.
"""

import multiprocessing
import os
import sys
from multiprocessing import forkserver

if "scheduler" in sys.argv:
    multiprocessing.set_forkserver_preload(os.environ["AIRFLOW__SCHEDULER__MP_FORKSERVER_PRELOAD"].split(","))
    forkserver.ensure_running()
