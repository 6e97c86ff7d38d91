"""People: telephone numbers, importing files of them, choosing whom a campaign reaches."""
