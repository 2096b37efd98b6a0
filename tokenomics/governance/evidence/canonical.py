"""What a result is called by: SHA-256 over canonical JSON of its plan and the bytes of its numbers.

The identifier depends on parameters, design, seeds, metrics, the package's version and every
result; not on time, machine, path or figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...inputs.strict_json import canonical as canonical_json
from ...inputs.strict_json import digest
from ...results.digests import rows_digest

if TYPE_CHECKING:
    import pandas as pd

# Of a bundle and of what its identifier is computed from. In the first one, of releases up to 0.2.0
# and of builds before 0.3.0, the last digits of numbers were those of a platform.
FORMATS = (1, 2)
FORMAT = FORMATS[-1]


def results_digest(runs: pd.DataFrame, metrics: list[str]) -> str:
    """SHA-256 of every number and error of `simulate`'s table, in the order of case, point and
    run.
    """
    return rows_digest(runs.sort_values(["case", "point", "run"], kind="stable"), metrics)


def evidence_id(
    plan: dict[str, Any], results: str, version: str, bundle_format: int = FORMAT
) -> str:
    """Identifier of a result. plan: `EvidencePlan.plain()`. results: `results_digest` of its runs.
    version: of the package that computed them. bundle_format: one of
    `FORMATS`.
    """
    return digest(
        canonical_json(
            {"format": bundle_format, "tokenomics": version, "plan": plan, "results": results}
        )
    )
