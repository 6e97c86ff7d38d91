"""What can be shown afterwards: the audit's chain, a campaign's proof, and the signature under it."""
