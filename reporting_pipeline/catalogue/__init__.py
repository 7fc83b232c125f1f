"""The catalogue: report definitions, generated reports and their notices, as warehouse tables."""
