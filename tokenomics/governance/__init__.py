"""Evidence for governance: what a result stands on, its report, its bundle and its proposal."""
