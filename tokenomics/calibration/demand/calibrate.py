"""`calibrate_demand`: the demand block's parameters from a series of request rates or a trace of
requests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...errors import InputError, nearest
from ...histories.demand import DemandSeries, read_requests
from ...histories.request_trace import RequestTrace
from ...inputs.arguments import NAMES, PATH, checked
from ...model.formulas.numerics import DAYS_PER_YEAR, SECONDS_PER_DAY
from ..estimates import Calibration, Data, Estimate, digest
from ..recovery import RecoveryCase
from . import trace as demand_trace
from .figures import series_figure, trace_figure
from .series import LOG_PROCESS, PATTERNS, WEEK, SeriesFit, missing

SIZE = (
    "demand.services counts services of the size measured: with another demand.request_rate it has "
    "to be set anew for the same market"
)
ALIKE = 1e-9  # relative difference of days below which they are one day repeated
REQUESTS = 100  # of a trace: below that a 99th percentile is the largest value


@checked(file=PATH, patterns=NAMES)
def calibrate_demand(
    file: str,
    patterns: Sequence[str] = (),
    *,
    column: str | Sequence[str] | Mapping[str, str] | None = None,
    date_format: str | None = None,
    sheet: str | None = None,
    decimal: str | None = None,
    failed: str = "drop",
) -> Calibration:
    r"""Parameters of the demand block with errors.

    Parameters
    ----------
    file : str
        A rate series or a request trace, as `histories.demand.read_requests` takes them.
    patterns : sequence of {"diurnal", "weekly"}
        Refused where the file's span or its windows without requests cannot carry them. Not asked
        for, they are estimated where these can.
    column, date_format, sheet, decimal, failed
        How to read the file, as of `read_demand`.

    Returns
    -------
    Calibration
        Estimates with standard errors and 95 % intervals.

    Raises
    ------
    InputError
        For a file or a pattern that cannot be used.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> rate = np.exp(np.cumsum(rng.normal(0, 0.02, 24 * 21)) + 3)
    >>> rows = "".join(f"{3600 * hour},{value:.4f}\n" for hour, value in enumerate(rate))
    >>> _ = Path("hours.csv").write_text("t_s,req_per_s\n" + rows)
    >>> found = tk.calibrate_demand("hours.csv")
    >>> bool(np.isclose(found.value("demand.request_rate"), rate.mean(), rtol=1e-3))
    True
    """
    for pattern in patterns:
        if pattern not in PATTERNS:
            raise InputError(
                pattern,
                argument="patterns",
                expected=" or ".join(PATTERNS),
                nearest=nearest(pattern, PATTERNS),
            )
    read = read_requests(
        file, column=column, date_format=date_format, sheet=sheet, decimal=decimal, failed=failed
    )
    return (
        _of_trace(read, patterns) if isinstance(read, RequestTrace) else _of_series(read, patterns)
    )


def _of_series(series: DemandSeries, patterns: Sequence[str]) -> Calibration:
    per_day = SECONDS_PER_DAY / series.width
    if abs(per_day - round(per_day)) > 1e-6 or per_day < 1:
        raise InputError(
            f"windows of {series.width:g} s",
            file=series.file,
            expected="windows of which a whole number makes a day",
        )
    if len(series.rate) < 20 and per_day > 1:
        raise InputError(f"{len(series.rate)} windows", file=series.file, expected="at least 20")
    fit = SeriesFit(series)
    if fit.days >= LOG_PROCESS and np.ptp(fit.by_day.mean(axis=1)) <= ALIKE * fit.used.mean():
        raise InputError(
            f"{fit.days} days with the same mean rate",
            file=series.file,
            key="req_per_s",
            expected="measured days, which differ",
        )
    for pattern in patterns:
        if short := fit.short_for(pattern):
            raise InputError(
                pattern,
                file=series.file,
                argument="patterns",
                expected=f"a longer series ({short})",
            )
    diurnal, hours = fit.diurnal()
    rate, weekly, process = fit.rate(), fit.weekly(), fit.process()
    found = {"diurnal": diurnal, "weekly": weekly}
    for pattern in patterns:
        if not np.isfinite(found[pattern].value):
            raise InputError(
                f"{pattern}: {found[pattern].problem}",
                file=series.file,
                argument="patterns",
                expected="requests on every day and at every hour",
            )
    tables, resolutions = {}, fit.resolutions()
    if resolutions is not None:
        tables["Log process by resolution"] = resolutions
    if hours is not None:
        tables["Diurnal factors"] = hours
    dropped = len(series.rate) - len(fit.used)
    whole = (
        f"{fit.days} whole days from the first window on, {fit.per_day} windows each"
        if fit.days
        else "no whole day: all windows"
    )
    choices = (*series.said, whole, *fit.said_of_empty())
    if dropped:
        choices += (f"the last {dropped} windows make no whole day and are left out",)
    ends = series.time(0.0), series.time(len(fit.used) * series.width)
    data = Data(
        series.file,
        digest(series.file),
        f"windows of {series.width:g} s",
        len(fit.used),
        *ends,
        choices,
    )
    return Calibration(
        "Demand: log Ornstein–Uhlenbeck process with pattern, restricted maximum likelihood",
        data,
        (
            rate,
            weekly,
            fit.growth(),
            *process,
            fit.overdispersion(),
            diurnal,
            _tokens("prompt"),
            _tokens("output"),
        ),
        tables,
        tuple(_series_notes(fit, weekly, process)),
        {"demand": series_figure(fit)},
    )


def _tokens(kind: str) -> Estimate:
    return missing(
        f"demand.{kind}_tokens",
        "token",
        "a rate series does not tell lengths: a request trace does",
    )


def _series_notes(fit: SeriesFit, weekly: Estimate, process: Sequence[Estimate]) -> list[str]:
    notes = [SIZE]
    if fit.daily is None:
        notes.append(
            "the error of the rate is that of the time observed, between blocks of it: it says "
            "nothing about other days"
        )
    else:
        above = float(fit.by_day.mean() / np.exp(fit.daily.y.mean()))
        notes.append(
            f"demand.request_rate is the mean as measured; the model puts season and log process "
            f"around it, so that its mean is {above:.3f} times it"
        )
    if np.isfinite(weekly.value):
        peak = f"the weekly sine is highest {fit.weekly_peak():.1f} days after the first window"
        notes.append(
            f"{peak}; the model fixes the phase (highest on day {WEEK / 4:g}): only the amplitude "
            f"is carried over"
        )
    table = fit.resolutions()
    if fit.daily is not None and fit.fast is not None:
        slow, fast = table.iloc[0], table.iloc[1]
        of, lag = "of daily means", "lag-1 autocorrelation of daily means"
        notes.append(
            f"the demand block holds its log process over a day and so takes that of daily means, "
            f"{slow['reversion 1/day']:.2g}/day; that of "
            f"windows, {fast['reversion 1/day']:.3g}/day, is another quantity: averaged over days "
            f"it has a standard deviation of {fast[of]:.2g} "
            f"and a lag-1 autocorrelation of {fast[lag]:.2g}, against {slow[of]:.2g} and "
            f"{slow[lag]:.2g}"
        )
    if process[0].problem and np.isfinite(process[2].value):
        notes.append(
            "reversion and volatility are known together only: for a chosen reversion r take "
            "volatility = standard deviation x sqrt(2 r)"
        )
    return notes


def _of_trace(trace: RequestTrace, patterns: Sequence[str]) -> Calibration:
    span, count = float(trace.seconds[-1]), len(trace.seconds)
    if patterns:
        need = PATTERNS[patterns[0]]
        raise InputError(
            patterns[0],
            file=trace.file,
            argument="patterns",
            expected=(
                f"a rate series of {need} whole days or more (a trace of {span / 60:.0f} minutes)"
            ),
        )
    if span < demand_trace.SHORTEST or count < REQUESTS:
        raise InputError(
            f"{count} requests in {span:.0f} s",
            file=trace.file,
            expected=f"at least {REQUESTS} requests and {demand_trace.SHORTEST} s",
        )
    for kind, lengths in (("ContextTokens", trace.prompt), ("GeneratedTokens", trace.output)):
        if np.unique(lengths).size < 2:
            raise InputError(
                f"every request has {lengths[0]:g}",
                file=trace.file,
                key=kind,
                expected="lengths that differ",
            )
    arrivals, arrival_notes = demand_trace.arrivals(trace)
    sizes, size_notes, table = demand_trace.lengths(trace)
    hour = f"a trace of {span / 60:.0f} minutes"
    unknown = [
        missing(name, unit, f"{hour} does not tell it: a rate series does")
        for name, unit in (
            ("demand.weekly_amplitude", "1"),
            ("demand.growth_rate", "1/year"),
            ("demand.reversion", "1/day"),
            ("demand.volatility", "1/sqrt(day)"),
        )
    ]
    dropped = int((trace.prompt == 0).sum()), int((trace.output == 0).sum())
    notes = [
        SIZE,
        *dict.fromkeys(arrival_notes + size_notes),
        f"every error is that of the time observed: {hour} says nothing about other hours",
    ]
    notes.append(
        "neighbouring lengths are alike, which the errors allow for and the lognormal's 5 % limit "
        "does not: it is a little too strict"
    )
    return Calibration(
        "Demand: moments and lengths of requests, delete-a-block jackknife",
        Data(
            trace.file,
            digest(trace.file),
            "requests",
            count,
            trace.first,
            trace.last,
            trace.said
            + (
                (
                    (
                        f"lengths of 0 are left out of the lognormals: {dropped[0]} prompts, "
                        f"{dropped[1]} outputs"
                    ),
                )
                if any(dropped)
                else ()
            ),
        ),
        (*arrivals, *sizes, *unknown),
        {"Lognormal fits of lengths [token]": table},
        tuple(notes),
        {"demand": trace_figure(trace)},
    )


TRUTH = {
    "demand.request_rate": 200.0,
    "demand.weekly_amplitude": 0.28,
    "demand.growth_rate": 0.4,
    "demand.reversion": 1.0,
    "demand.volatility": 0.2,
    "standard deviation of log daily demand": 0.2 / np.sqrt(2.0),
    "diurnal amplitude (first harmonic of the log rate)": 0.5,
}


def simulate_series(seed: int, days: int) -> DemandSeries:
    """Hourly rates of the demand block at TRUTH, with a day's cycle and 5 % of noise by the hour,
    which no daily parameter knows.
    """
    draw = np.random.Generator(np.random.Philox(seed))
    phi, deviation = (
        np.exp(-TRUTH["demand.reversion"]),
        TRUTH["standard deviation of log daily demand"],
    )
    x = np.empty(days)
    for day, z in enumerate(draw.standard_normal(days)):
        x[day] = (
            deviation * z
            if day == 0
            else phi * x[day - 1] + deviation * np.sqrt(1.0 - phi * phi) * z
        )
    time = np.arange(days)
    growth = TRUTH["demand.growth_rate"] * (time - time.mean()) / DAYS_PER_YEAR
    logs = x + TRUTH["demand.weekly_amplitude"] * np.sin(2.0 * np.pi * time / WEEK) + growth
    hours = TRUTH["diurnal amplitude (first harmonic of the log rate)"] * np.sin(
        2.0 * np.pi * np.arange(24) / 24
    )
    cycle = hours - np.log(np.mean(np.exp(hours)))
    rate = TRUTH["demand.request_rate"] * np.exp(
        logs[:, None] + cycle + 0.05 * draw.standard_normal((days, 24))
    )
    # what is put in is the mean of the series' law, as measured
    centre = np.mean(np.exp(logs - x)) * np.exp(0.5 * (deviation**2 + 0.05**2))
    return DemandSeries((rate / centre).ravel(), SECONDS_PER_DAY / 24, f"seed {seed}")


def _replicate(seed: int, count: int) -> Sequence[Estimate]:
    fit = SeriesFit(simulate_series(seed, count))
    return fit.rate(), fit.weekly(), fit.growth(), *fit.process(), fit.diurnal()[0]


RECOVERY = RecoveryCase(
    TRUTH,
    2 * WEEK,
    LOG_PROCESS,
    (
        "demand: the baseline's log process with overlay seasonality, growth of 0.4 a year, a "
        "daily cycle of 0.5"
    ),
    _replicate,
)
