"""The right answers: the published definitions applied to the observations without defects.

Written apart from the pipeline: no SQL, nothing imported from it. `Observed` holds what reached the company sound
before the end of the window; rows that must be rejected are not in it, readings that a series rule excludes are marked.
"""

from __future__ import annotations

from city.truth.observed import Observed
from city.truth.write import write_truth

__all__ = ["Observed", "write_truth"]
