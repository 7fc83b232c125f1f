"""The routes of the API: one module and one router for each subject."""
