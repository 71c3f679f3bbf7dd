"""What ``asv`` measures at each commit: ``asv run`` in the project's folder."""
