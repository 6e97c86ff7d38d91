"""What advertising needs: consent that can be proved, the national do-not-call list, sender names that may carry it."""
