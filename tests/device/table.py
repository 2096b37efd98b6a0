"""Measured ceilings and times beside the card's published figures and the roofline."""

from __future__ import annotations

import numpy as np

# of a ceiling; a card's copy is slower than its memory in bursts, its clock may exceed the sheet's
MOST_USE = 1.1
SHEET = {"bandwidth": (0.6, 1.02), "rate": (0.4, 1.15)}  # of the data sheet


def beside_sheet(report, found, sheet) -> None:
    """Ceilings as shares of the card's published ones."""
    rows = [("bandwidth", "bandwidth", found.bandwidth, sheet.bandwidth)]
    rows += [
        ("rate", f"rate in {name}", rate, sheet.rates[name])
        for name, rate in found.rates.items()
        if name in sheet.rates
    ]
    for kind, name, measured, published in rows:
        low, high = SHEET[kind]
        share = measured.value / published.value
        told = f"{measured.value:.4g} {measured.unit} is {share:.0%} of {published.value:g}"
        wanted = f"expected {low:.0%} to {high:.0%} ({sheet.device})"
        report.check(
            f"ceiling {name} against the data sheet", low <= share <= high, f"{told}, {wanted}"
        )


def table(found, shape, sheet) -> None:
    """Every time beside the ceilings and the rooflines, measured and published."""
    from tokenomics.capacity.benchmark_file import shares
    from tokenomics.capacity.roofline import roofline

    seen = found.measured
    ceilings = {"ceiling": found}
    lines = {"fitted": roofline(found, shape, seen.precision, seen.tensor_parallel)}
    if sheet is None or seen.precision not in sheet.rates:
        print(f"{'':10}no published figures of {found.device} in {seen.precision} are shipped")
    else:
        published = {"bandwidth": sheet.bandwidth, "rates": sheet.rates}
        ceilings["sheet"] = found.model_copy(update=published)
        lines["published"] = roofline(sheet, shape, seen.precision, seen.tensor_parallel)
    title = f"{'batch':>6}{'context':>9}{'new':>7}{'ms':>10}{'spread':>8}{'token/s':>10}"
    title += "".join(f"{'of ' + name:>12}" for name in ceilings)
    print(title + "".join(f"{name + ' ms':>14}{'ratio':>7}" for name in lines))
    used = [[use(row) for row in shares(shape, of)] for of in ceilings.values()]
    off = {name: [] for name in lines}
    for row, *uses in zip(shares(shape, found), *used, strict=True):
        batch, context, tokens, ms = (row[k] for k in ("batch", "context", "tokens", "median_ms"))
        cells = f"{batch:6}{context:9}{tokens:7}{ms:10.4g}{row['spread']:8.0%}{row['rate']:10.4g}"
        cells += "".join(f"{one:12.0%}" for one in uses)
        for name, line in lines.items():
            decode, prefill = line.decode_time(batch, context + 1), line.prefill_time(tokens)
            predicted = 1e3 * float(decode if tokens == 1 else batch * prefill)
            off[name].append(abs(predicted / ms - 1.0))
            cells += f"{predicted:14.4g}{predicted / ms:7.2f}"
        print(cells)
    for name, errors in off.items():
        print(f"{'':10}median error of the {name} roofline: {float(np.median(errors)):.0%}")


def use(row) -> float:
    """The larger use of the two ceilings."""
    return max(row["bandwidth_use"], row["compute_use"])


def in_memory(found, shape) -> bool:
    """Whether a step reads more weights than the copy that set the ceiling, so that no cache holds
    them.
    """
    from tokenomics.capacity.ceilings import COPY_BYTES
    from tokenomics.capacity.precisions import BYTES

    seen = found.measured
    weights = shape.active_parameters * BYTES[seen.precision] / seen.tensor_parallel
    return weights * seen.layers / shape.layers >= COPY_BYTES[seen.figure_of]


def times(report, found, shape, sheet) -> None:
    """The table, and what no time may contradict."""
    from tokenomics.capacity.benchmark_file import shares

    table(found, shape, sheet)
    seen, rows = found.measured, shares(shape, found)
    most = max(row["compute_use"] for row in rows)
    if in_memory(found, shape):
        most = max(most, *(row["bandwidth_use"] for row in rows))
    else:
        print(f"{'':10}bandwidth is not held against its ceiling: a cache may hold such a model")
    told = f"{most:.0%} of a ceiling at most, {MOST_USE:.0%} allowed"
    report.check("times within the ceilings", most <= MOST_USE, told)
    batches = [t.batch for t in seen.decode]  # that of most contexts: not all of them fit
    batch = max(batches, key=lambda one: (batches.count(one), one))
    steps = sorted((t.context, t.median_ms) for t in seen.decode if t.batch == batch)
    prompts = sorted((t.tokens, t.median_ms) for t in seen.prefill)
    for name, points in (("context", steps), ("prompt", prompts)):
        good = len(points) > 1 and points[-1][1] > points[0][1]
        told = f"{points[0][1]:.4g} ms at {points[0][0]}, {points[-1][1]:.4g} at {points[-1][0]}"
        report.check(f"times grow with the {name}", good, told)
    for note in seen.skipped:
        print(f"{'':10}skipped: {note}")
