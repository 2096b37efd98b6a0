"""Parameters estimated from data: prices, demand, burn-and-mint, bonding, and the whole economy by
simulated moments.

Each estimator returns a `Calibration`, whose overlay runs as it is: `tokenomics run baseline
--overlay overlay.yaml`. `recovery` tests an estimator on data simulated at known values.
"""
