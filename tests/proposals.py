"""An untrusted proposal that means no good, small enough for tests."""

CREATED = "2026-01-02T03:04:05+00:00"
EVIL = (
    "<script>alert(1)</script> **bold** [x](javascript:alert(1)) | `c` & &amp; @user #12 "
    "![i](http://e.vil/p.png) $x$ <img src=x onerror=y>"
)
PROPOSAL = {
    "title": EVIL,
    "summary": f"=cmd|'/C calc'!A0 {EVIL}",
    "sources": [EVIL, "- a list # a heading [a]: http://e.vil"],
    "policy": "pid",
    "set": {"simulation.days": 30},
    "proposed": {"controller.pid.kp": 0.1},
    "on_chain": {"controller.pid.kp": {"decimals": 18, "unit": EVIL}},
    "alternatives": {
        f"=1+1 {EVIL[:90]}": {"controller.pid.kp": 0.2},
        "no controller": {"controller.type": "none"},
    },
    "scenarios": ["none", "token_crash"],
    "runs": 6,
    "seed": 4,
    "years": [],
    "worlds": {"count": 0},
    "limits": [
        {"limit": "treasury_low <= 0.9", "reason": EVIL},
        {"limit": "treasury_low <= 0.1"},
        {"limit": "max_drawdown <= 0.0001"},
        {"limit": "control_effort >= 0.0", "of": "change"},
    ],
    "metrics": ["price_volatility", "max_drawdown", "treasury_min", "control_effort"],
    "sensitivity": {"runs": 3, "paths": {"oracle.lag": [0.2, 2.0]}},
    "watch": [{"metric": "treasury_min", "quantile": 0.05, "note": EVIL}],
    "roll_back": f"- a list\n# a heading\n\n[a]: http://e.vil\n\n{EVIL}",
}
