"""Request rates and traces to the demand block."""
