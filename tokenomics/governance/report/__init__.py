"""A report as data, its tables and figures, in Markdown and HTML."""
